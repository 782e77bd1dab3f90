"""The page in a real Chromium, with the bundled checkpoint: draw, speak, listen, save, clone, and what is said when it fails."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest
import soundfile

from tests.serving.browser import CHROMIUM, DRIVER, Browser


pytest.importorskip("selenium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="needs Chromium and its driver: apt-get install chromium chromium-driver"
    ),
]
SENTENCE = "We will meet them at the harbour tomorrow."
MOST_BYTES = 1 << 20


@pytest.fixture(scope="module")
def bundled():
    from pathlib import Path

    import valetts_hf
    from valetts_hf.inference import ValeTTS

    if not (Path(valetts_hf.BASE_CHECKPOINT) / "model.safetensors").is_file():
        pytest.skip("this source tree has no trained checkpoint")
    return ValeTTS.from_pretrained(device="cpu")


@pytest.fixture(scope="module")
def server(bundled):
    """Address of a server with small limits."""
    import uvicorn

    from valetts_hf.serving.app import create_demo_app, demo_config
    from valetts_hf.serving.settings import LOOPBACK_HOSTS, DemoSettings

    settings = DemoSettings(max_characters=120, max_upload_bytes=MOST_BYTES, allowed_hosts=LOOPBACK_HOSTS)
    running = uvicorn.Server(demo_config(create_demo_app(bundled, settings), port=0))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/"
    running.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def recording(bundled, tmp_path_factory):
    """Eight seconds of clean speech, 24 kHz."""
    path = tmp_path_factory.mktemp("recordings") / "reference.wav"
    text = "The valley was quiet that morning, and from the bridge we could hear the river. Then the first train came."
    speech = bundled(text, voice="darshan", seed=4)
    assert 5 < speech.duration < 20
    speech.save(path)
    return path


@pytest.fixture(scope="module")
def desktop(server, recording, tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("desktop"), microphone=recording)
    yield browser
    browser.close()


@pytest.fixture
def page(desktop, server):
    """The page as new, in English."""
    desktop.open(server)
    yield desktop
    assert not desktop.complaints()


@pytest.fixture(scope="module")
def phone(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("phone"), (360, 740), "pt-BR,pt", phone=True)
    yield browser
    browser.close()


def words_of(page) -> list[dict]:
    return page.module("return page.sketch.words")


def drawn(page, layer: str = "pitch") -> list[float | None]:
    return page.module(f"return [...page.sketch.curves.{layer}].map((value) => Number.isNaN(value) ? null : value)")


def speak(page) -> None:
    page.click("#speak")
    page.status("s of speech")
    page.wait(lambda: page.module("return page.player.takes.after !== null"))
    page.module("page.player.stop()")


def save(page, what: str):
    page.click("#save summary")
    page.click(f"#save-{what}")
    page.status("Saved")
    return page.saved({"wav": "wav", "sketch": "json", "ssml": "ssml"}[what])


def f0_of(path) -> tuple[np.ndarray, np.ndarray]:
    """Times and F0 of a recording where it is voiced."""
    pyworld = pytest.importorskip("pyworld")
    audio, rate = soundfile.read(path)
    f0, times = pyworld.harvest(audio.astype(np.float64), rate, f0_floor=60, f0_ceil=600)
    f0 = pyworld.stonemask(audio.astype(np.float64), f0, times, rate)
    return times[f0 > 0], f0[f0 > 0]


def slope_over(path, word: dict) -> float:
    """Semitones that the F0 of a recording rises from the first to the last third of a word."""
    times, f0 = f0_of(path)
    inside = (times >= word["start"]) & (times <= word["end"])
    third = max(inside.sum() // 3, 1)
    assert inside.sum() > 8, "hardly any of the word is voiced"
    heights = 12 * np.log2(f0[inside])
    return float(np.median(heights[-third:]) - np.median(heights[:third]))


def test_a_rising_line_over_the_last_word_is_heard(page):
    page.type(SENTENCE)
    *_, word = words_of(page)
    speak(page)
    plain = slope_over(save(page, "wav"), word)
    page.draw([(word["start"], 0.7), ((word["start"] + word["end"]) / 2, 0.45), (word["end"], 0.2)])
    values = [value for value in drawn(page) if value is not None]
    assert values[-1] - values[0] > 5 and values == sorted(values)
    speak(page)
    (page.downloads / f"{save(page, 'wav').name}").rename(page.downloads / "risen.wave")
    risen = slope_over(page.downloads / "risen.wave", word)
    assert risen > 3 and risen > plain + 4, (plain, risen)


def test_before_and_after_share_the_seed_and_differ_in_what_was_drawn(page):
    word = words_of(page)[-1]
    page.draw([(word["start"], 0.6), (word["end"], 0.2)])
    speak(page)
    page.click("[data-take=before]")
    page.wait(lambda: page.module("return page.player.takes.before !== null"))
    seeds, same = page.module(
        "const {before, after} = page.player.takes; return [[before.answer.seed, after.answer.seed],"
        " before.answer.audio === after.answer.audio];"
    )
    assert seeds[0] == seeds[1] and not same
    assert page.find("[data-take=before]").get_attribute("aria-pressed") == "true"
    page.click("[data-take=after]")
    page.wait(lambda: page.find("[data-take=after]").get_attribute("aria-pressed") == "true")
    page.module("page.player.stop()")


def test_tools(page):
    words = words_of(page)
    end = words[-1]["end"]
    page.draw([(0.1, 0.5), (end * 0.3, 0.3), (end * 0.6, 0.6), (end * 0.9, 0.4)])
    line = drawn(page)
    page.click("#smooth")
    assert drawn(page) != line
    page.click("#undo")
    assert drawn(page) == line
    page.click("#redo")
    page.click("#undo")
    page.click("#livelier")
    spread = lambda curve: np.std([value for value in curve if value is not None])  # noqa: E731
    assert spread(drawn(page)) > 1.1 * spread(line)
    page.click("#flatter")
    assert spread(drawn(page)) == pytest.approx(spread(line), rel=0.02)
    page.click("[data-tool=erase]")
    page.draw([(end * 0.4, 0.5), (end * 0.5, 0.5)])
    assert sum(value is None for value in drawn(page)) > sum(value is None for value in line) + 5
    page.click("[data-tool=draw]")
    page.click("#clear")
    assert set(drawn(page)) == {None}
    page.click("[data-layer=energy]")
    page.click("#trace")
    assert None not in drawn(page, "energy") and set(drawn(page)) == {None}


@pytest.mark.parametrize("kind", ["pen", "touch"])
def test_pens_and_fingers_draw(page, kind):
    end = words_of(page)[-1]["end"]
    page.draw([(0.2, 0.5), (end * 0.8, 0.3)], kind)
    assert sum(value is not None for value in drawn(page)) > 20


def test_a_line_that_goes_back_overwrites(page):
    end = words_of(page)[-1]["end"]
    page.draw([(0.2, 0.6), (end * 0.8, 0.6), (0.2, 0.2)])
    values = [value for value in drawn(page) if value is not None]
    assert values[0] > values[-1] + 2


def test_the_keyboard_does_what_the_mouse_does(page):
    from selenium.webdriver.common.keys import Keys

    plot = page.find("#plot")
    plot.send_keys(Keys.END)
    assert "nothing drawn" in page.text("#status")
    for _ in range(4):
        plot.send_keys(Keys.ARROW_UP)
    assert "+2.0 semitones" in page.status("pitch")
    plot.send_keys(Keys.SHIFT, Keys.ARROW_UP)
    assert "rises by +1" in page.status("rises")
    plot.send_keys(Keys.CONTROL, "z")
    plot.send_keys(Keys.DELETE)
    assert set(drawn(page)) == {None}


def test_the_table_says_and_does_the_same(page):
    from selenium.webdriver.common.keys import Keys

    page.click("#word-table summary")
    rows = page.wait(lambda: page.driver.find_elements("css selector", "#word-table tbody tr"))
    assert [row.find_element("css selector", "th").text for row in rows] == page.find("#text").get_property(
        "value"
    ).split()
    field = rows[2].find_elements("css selector", "input")[0]
    field.send_keys("3", Keys.TAB)
    word = words_of(page)[2]
    values = drawn(page)
    step = page.module("return page.sketch.step")
    inside = [value for i, value in enumerate(values) if word["start"] + step < i * step < word["end"] - step]
    assert inside and None not in inside
    assert field.get_property("value") == "3.0"
    rows[2].find_element("css selector", "button").click()
    assert set(drawn(page)) == {None} and field.get_property("value") == ""


def test_the_drawing_follows_its_words(page):
    page.type(SENTENCE)
    word = words_of(page)[-1]
    page.draw([(word["start"] + 0.03, 0.6), (word["end"] - 0.03, 0.3)])
    page.type("Yes. " + SENTENCE)
    moved = words_of(page)[-1]
    assert moved["start"] > word["start"] + 0.2
    step = page.module("return page.sketch.step")
    places = [i * step for i, value in enumerate(drawn(page)) if value is not None]
    assert moved["start"] - 0.03 <= places[0] and places[-1] <= moved["end"] + 0.03


def test_sketches_are_saved_as_the_sdk_reads_them_and_opened_again(page):
    from valetts_hf.direction.sketch import Sketch

    word = words_of(page)[-1]
    page.draw([(word["start"], 0.6), (word["end"], 0.3)])
    line = [value for value in drawn(page) if value is not None]
    path = save(page, "sketch")
    sketch = Sketch.load(path)
    assert sketch.energy is None and sketch.pitch.unit == "hz"
    assert [one.text for one in sketch.words] == [one["text"] for one in words_of(page)]
    page.click("#clear")
    page.find("#sketch-file").send_keys(str(path))
    page.status("The sketch is open")
    again = [value for value in drawn(page) if value is not None]
    assert len(again) == pytest.approx(len(line), abs=2) and again[-1] == pytest.approx(line[-1], abs=0.3)


def test_a_file_that_is_no_sketch_leaves_the_sentence_alone(page, tmp_path):
    path = tmp_path / "words.json"
    path.write_text('{"words": [{"text": "Lost", "start": 0, "end": 1}]}')
    before = page.find("#text").get_property("value")
    page.find("#sketch-file").send_keys(str(path))
    page.wait(lambda: "is no sketch" in page.text("#error-text"))
    assert page.find("#text").get_property("value") == before


def test_a_sketch_that_the_server_refuses_is_not_called_broken(page, tmp_path):
    path = tmp_path / "long.json"
    words = [{"text": "word", "start": number / 40, "end": (number + 1) / 40} for number in range(40)]
    path.write_text(json.dumps({"words": words, "pitch": {"values": [0.2, 0.8], "positions": [0, 1]}}))
    page.find("#sketch-file").send_keys(str(path))
    page.wait(lambda: "120 are possible" in page.text("#error-text"))
    time.sleep(0.3)
    assert "120 are possible" in page.text("#error-text")


def test_a_drawing_stays_in_sight(page):
    """However far the keyboard moves it; a stroke keeps the heights under the pen while it lasts."""
    from selenium.webdriver.common.keys import Keys

    plot = page.find("#plot")
    plot.send_keys(Keys.HOME, *[Keys.ARROW_UP] * 30)
    heights = [value for value in drawn(page) if value is not None]
    low, high = page.module("return page.view.range()")
    assert low <= min(heights) and max(heights) <= high + 1e-4
    word = words_of(page)[0]
    page.draw([(0.0, 0.5), (word["end"] + 0.1, 0.5)])  # over all of what was high
    flat = [value for value in drawn(page) if value is not None]
    assert max(flat) - min(flat) < 0.1 and max(flat) == pytest.approx((low + high) / 2, abs=0.3)
    assert page.module("return page.view.range()")[1] < high - 3


def test_ssml_is_saved_as_the_sdk_reads_it(page):
    from valetts_hf.processing.ssml import parse_ssml

    word = words_of(page)[-1]
    page.draw([(word["start"], 0.6), (word["end"], 0.2)])
    duration = page.module("return page.view.scene.duration")
    page.run(
        "const s = document.querySelector('#slider-speaking_rate'); s.value = 0.5; s.dispatchEvent(new Event('input'))"
    )
    page.wait(lambda: page.module("return page.view.scene.duration") < 0.9 * duration)
    (read,) = parse_ssml(save(page, "ssml").read_text(encoding="utf-8"))
    assert read.text == page.find("#text").get_property("value")
    assert any(span.delivery.speaking_rate > 1.3 for span in read.spans)
    assert any(len(span.contour) == 5 for span in read.spans)


def test_a_recording_becomes_a_voice(page, recording, tmp_path):
    page.click("#add-voice")
    page.click("#clip-make")
    assert "no recording yet" in page.text("#clip-error")
    for name, content, words in (
        ("notes.txt", b"only words " * 100, "cannot be read as a recording"),
        ("short.wav", recording.read_bytes()[: 44 + 48000 * 2], "5 s"),
        ("large.wav", recording.read_bytes()[:44] + bytes(MOST_BYTES), "1.0 MB are possible"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        page.find("#clip-file").send_keys(str(path))
        if name != "large.wav":
            page.click("#clip-make")
            if not page.find("#clip-consent").is_selected():
                assert "Say first that it is your voice" in page.text("#clip-error")
                page.click("#clip-consent")
                page.click("#clip-make")
        page.wait(lambda words=words: words in page.text("#clip-error"))
    page.find("#clip-file").send_keys(str(recording))
    page.find("#clip-name").clear()
    page.find("#clip-name").send_keys("Ana")
    page.click("#clip-make")
    page.status("The voice Ana is ready")
    assert page.run("return document.querySelector('#voice').selectedOptions[0].textContent") == "Ana"
    speak(page)


def test_an_uploaded_voice_is_forgotten_at_a_key(page, recording):
    from selenium.webdriver.common.keys import Keys

    chosen = "return document.querySelector('#voice').value"
    button = page.find("#forget-voice")
    assert not button.is_displayed(), "the voices of the model cannot be forgotten"
    page.click("#add-voice")
    page.find("#clip-file").send_keys(str(recording))
    page.find("#clip-name").clear()
    page.find("#clip-name").send_keys("Eva")
    page.click("#clip-consent")
    page.click("#clip-make")
    page.status("The voice Eva is ready")
    key = page.run(chosen)
    assert button.is_displayed() and button.accessible_name == "Forget this voice"
    choose = "const list = document.querySelector('#voice'); list.value = arguments[0]; list.dispatchEvent(new Event('change'))"
    page.run(choose, "")
    assert not button.is_displayed()
    page.run(choose, key)
    page.click("[data-interface=pt]")
    assert button.accessible_name == "Esquecer esta voz"
    page.find("#add-voice").send_keys(Keys.TAB)
    assert page.run("return document.activeElement.id") == "forget-voice"
    button.send_keys(Keys.ENTER)
    page.status("A voz Eva foi esquecida")
    assert not button.is_displayed() and page.run(chosen) == ""
    assert page.run("return document.activeElement.id") == "voice", "the focus does not vanish with the button"
    assert key not in page.run("return [...document.querySelectorAll('#voice option')].map((one) => one.value)")
    answer = page.module(f"return (await fetch('api/voices/{key}', {{method: 'DELETE'}})).status")
    assert answer == 404, "the server has forgotten it, too"
    page.click("[data-interface=en]")
    speak(page)


def test_files_can_be_dropped_anywhere(page, recording):
    import base64

    drop = """
        const bytes = Uint8Array.from(atob(arguments[0]), (char) => char.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], arguments[1]));
        document.querySelector(arguments[2]).dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
    """
    sound = base64.b64encode(recording.read_bytes()).decode()
    page.run(drop, sound, "reference.wav", "main")
    page.wait(lambda: "reference.wav" in page.text("#clip-state"))
    page.run(drop, sound, "another.wav", "#clip-drop")
    page.wait(lambda: "another.wav" in page.text("#clip-state"))
    page.click("#clip-cancel")
    page.run(drop, base64.b64encode(b'{"pitch": {"unit": "hz", "values": [150, 200]}}').decode(), "line.json", "#plot")
    page.status("The sketch is open")
    assert None not in drawn(page)


def test_the_microphone_becomes_a_voice(page):
    page.click("#add-voice")
    page.click("#clip-record")
    page.wait(lambda: "that is enough" in page.text("#clip-state"))
    page.click("#clip-record")
    page.wait(lambda: page.find("#clip-audio").is_displayed())
    page.click("#clip-consent")
    page.click("#clip-make")
    page.status("is ready")
    time.sleep(1.0)
    assert "is ready" in page.text("#status"), "reading the sentence with the new voice leaves the message alone"
    assert page.run("return document.querySelector('#voice').value").startswith("clip-")


def test_no_microphone_stays_on_behind_a_closed_window(page):
    """Neither where the person cancels before the browser has allowed it, nor where a file is taken instead."""
    page.run(
        "const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices); window.streams = [];"
        "navigator.mediaDevices.getUserMedia = async (wish) => {"
        "  const stream = await ask(wish); await new Promise((done) => setTimeout(done, 500)); streams.push(stream); return stream; }"
    )
    live = "return streams.length ? streams.some((one) => one.getTracks().some((track) => track.readyState === 'live')) : null"
    page.click("#add-voice")
    page.click("#clip-record")
    page.click("#clip-cancel")
    page.wait(lambda: page.run(live) is not None)
    time.sleep(0.5)
    assert page.run(live) is False
    page.click("#add-voice")
    assert not page.text("#clip-error")
    page.click("#clip-record")
    page.wait(lambda: "Recording" in page.text("#clip-state"))
    page.run(
        "const carried = new DataTransfer(); carried.items.add(new File(['sound'], 'mine.wav'));"
        "document.querySelector('#clip-drop').dispatchEvent(new DragEvent('drop', {dataTransfer: carried, bubbles: true}))"
    )
    page.wait(lambda: "mine.wav" in page.text("#clip-state"))
    time.sleep(0.5)
    assert page.run(live) is False and "mine.wav" in page.text("#clip-state")
    page.click("#clip-cancel")
    page.complaints()  # five letters are no sound that can be shown


def test_the_page_waits_for_a_server_that_does_not_answer_at_first(page, server):
    script = (
        "const ask = window.fetch; let failures = 1; window.fetch = (path, ...rest) =>"
        " String(path).endsWith('api/info') && failures-- > 0 ? Promise.reject(new TypeError('away')) : ask(path, ...rest)"
    )
    added = page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    try:
        page.driver.get(server)
        page.wait(lambda: "does not answer" in page.text("#error-text"))
        page.status("words")
        assert (
            not page.find("#error").is_displayed() and page.run("return document.querySelector('#voice').length") > 1
        )
    finally:
        page.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_what_is_said_changes_its_language_with_the_page(page):
    page.click("#save summary")
    page.click("#save-wav")
    assert "no sound yet" in page.text("#error-text")
    page.click("[data-interface=pt]")
    assert "Ainda não há som" in page.text("#error-text")
    speak_button = page.find("#speak")
    speak_button.click()
    page.status("s de fala")
    page.click("[data-interface=en]")
    assert "s of speech" in page.text("#status")


def test_errors_are_said_in_words(page):
    from selenium.webdriver.common.keys import Keys

    def typed(text: str) -> str:
        field = page.find("#text")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text or Keys.DELETE)
        page.click("#speak")
        page.wait(lambda: page.text("#error-text") and page.find("#error").is_displayed())
        words = page.text("#error-text")
        page.click("#error-close")
        return words

    assert "nothing to say yet" in typed("")
    assert "120 are possible" in typed("word " * 26)
    assert "nothing to read" in typed("…!?")
    page.click("[data-interface=pt]")
    assert "longo demais" in typed("palavra " * 16)
    page.click("[data-interface=en]")
    page.driver.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    try:
        assert "does not answer" in typed("Hello there.")
    finally:
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**offline, "offline": False})
    page.complaints()  # the console reports the network that was taken away
    page.find("#sketch-file").send_keys(str(page.downloads.parent / "profile" / "Local State"))
    page.wait(lambda: "is no sketch" in page.text("#error-text"))


def test_the_language_of_the_browser_on_a_phone(phone, server):
    phone.open(server)
    assert phone.run("return document.documentElement.lang") == "pt-BR"
    assert phone.text("#speak") == "Falar" and phone.find("#text").get_property("value").startswith("A balsa")
    assert phone.run("return document.documentElement.scrollWidth") <= 360
    small = phone.run(
        "return [...document.querySelectorAll('button, summary, select')].filter((one) => one.offsetParent)"
        ".map((one) => [one.getBoundingClientRect(), one.id]).filter(([box]) => Math.min(box.width, box.height) < 24).map(([, id]) => id)"
    )
    assert set(small) <= {""}, small
    word = phone.module("return page.sketch.words[1]")
    phone.draw([(word["start"], 0.6), (word["end"], 0.3)], "touch")
    assert any(value is not None for value in drawn(phone))
    phone.click("#speak")
    phone.status("de fala")
    phone.module("page.player.stop()")
    phone.click("[data-interface=en]")
    assert phone.text("#speak") == "Speak"
    phone.open(server)
    assert phone.text("#speak") == "Speak", "the choice is kept"
    phone.click("[data-interface=pt]")
    assert not phone.complaints()


def test_everything_has_a_name_and_nothing_comes_from_elsewhere(page, server):
    nameless = page.run(
        "return [...document.querySelectorAll('button, select, input:not([hidden]), textarea, summary, canvas[tabindex]')]"
        ".filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)).map((one) => one.outerHTML)"
    )
    assert nameless == []
    addresses = page.run("return performance.getEntriesByType('resource').map((one) => one.name)")
    assert addresses and all(address.startswith((server, "blob:", "data:")) for address in addresses)
    for status in page.driver.find_elements("css selector", "[role=status], [role=alert]"):
        assert status.get_attribute("id")


def test_both_palettes_can_be_read(page):
    """Contrast of text as WCAG counts it: 4.5 for words, 3 for lines of the plot."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(first: str, second: str) -> float:
        high, low = sorted((luminance(first), luminance(second)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    names = ("ink", "muted", "wrong", "accent", "pitch", "energy", "spoken", "card", "paper", "band", "on-accent")
    for colours in ("light", "dark"):
        page.run("document.documentElement.dataset.colours = arguments[0]", colours)
        found = page.run(
            "const style = getComputedStyle(document.documentElement);"
            "return Object.fromEntries(arguments[0].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]))",
            list(names),
        )
        for name in ("ink", "muted", "wrong", "accent"):
            for ground in ("card", "paper", "band"):
                assert contrast(found[name], found[ground]) >= 4.5, (colours, name, ground)
        for name in ("pitch", "energy", "spoken"):
            assert contrast(found[name], found["band"]) >= 3, (colours, name)
        assert contrast(found["on-accent"], found["accent"]) >= 4.5
