"""What an uploaded recording is, by its first bytes: names and declared types are not believed."""

from __future__ import annotations

from valetts_hf.serving.errors import ServiceError


READABLE = "WAV, FLAC, Ogg (Vorbis or Opus), MP3, AIFF or AU"
_LEAST_BYTES = 44  # the header of a WAV file


def check_recording(data: bytes) -> None:
    """Refuse what libsndfile cannot be expected to read.

    Args:
        data (`bytes`): the whole file.

    Raises:
        `ServiceError`: 415, naming the kind where it is a known one; 422 for a file too short to hold any sound.
    """
    if len(data) < _LEAST_BYTES:
        raise ServiceError(
            422, "empty_recording", f"the recording has only {len(data)} bytes: give 5 to 6 seconds of speech."
        )
    if not _is_readable(data):
        raise ServiceError(
            415, "unsupported_audio", f"{_kind(data)} cannot be read as a recording here: send {READABLE}."
        )


def _is_readable(data: bytes) -> bool:
    return (
        (data[:4] in (b"RIFF", b"RIFX", b"RF64") and data[8:12] == b"WAVE")
        or data[:4] in (b"fLaC", b"OggS", b".snd")
        or (data[:4] == b"FORM" and data[8:12] in (b"AIFF", b"AIFC"))
        or data[:3] == b"ID3"
        or (data[0] == 0xFF and data[1] & 0xE0 == 0xE0 and data[1] & 0x06 != 0)  # an MPEG audio frame, not AAC
    )


def _kind(data: bytes) -> str:
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return "a WebM or Matroska file"
    if data[4:8] == b"ftyp":
        return "an MP4 or M4A file"
    if data[0] == 0xFF and data[1] & 0xF0 == 0xF0:
        return "an AAC stream"
    if data[:4] in (b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"7z\xbc\xaf"):
        return "an archive"
    if data[:8] == b"\x89PNG\r\n\x1a\n" or data[:3] == b"\xff\xd8\xff" or data[:4] == b"GIF8":
        return "a picture"
    if data[:5] == b"%PDF-":
        return "a PDF"
    return "this kind of file"
