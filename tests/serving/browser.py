"""A real Chromium, headless, for the tests of the page; started without anything that reaches for the network."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


class Browser:
    """
    Args:
        folder: for the profile and for downloads.
        size: of the window, in pixels.
        languages: what the browser asks pages for.
        phone: with a finger instead of a mouse, and a phone's viewport.
        microphone (*optional*): a WAV file that the microphone hears.
    """

    def __init__(
        self,
        folder: Path,
        size: tuple[int, int] = (1280, 900),
        languages: str = "en-US,en",
        phone: bool = False,
        microphone: Path | None = None,
    ):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        self.downloads = folder / "downloads"
        self.downloads.mkdir(parents=True)
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={size[0]},{size[1]}"):
            options.add_argument(flag)
        if microphone is not None:
            options.add_argument(f"--use-file-for-fake-audio-capture={microphone}")
        options.add_experimental_option(
            "prefs", {"intl.accept_languages": languages, "download.default_directory": str(self.downloads)}
        )
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        if phone:
            metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 2, "mobile": True}
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
        self.driver.set_script_timeout(60)

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        return self.find(selector).text

    def click(self, selector: str) -> None:
        self.run("arguments[0].scrollIntoView({block: 'center'})", self.find(selector))  # from under the dock
        self.find(selector).click()

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def module(self, body: str) -> Any:
        """Run an async function body with `page`, the module of the page: `return page.view.xAt(1)`."""
        script = (
            "const done = arguments[arguments.length - 1];"
            "import(new URL('static/js/main.js', document.baseURI)).then(async (page) => {" + body + "})"
            ".then(done, (error) => done(String(error)));"
        )
        return self.driver.execute_async_script(script)

    def wait(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait until something is so; what it was instead is in the failure."""
        from selenium.common.exceptions import StaleElementReferenceException

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if found := condition():
                    return found
            except StaleElementReferenceException:
                pass
            time.sleep(0.05)
        pytest.fail(f"the page says {self.text('#status')!r}, {self.text('#error-text')!r}")

    def status(self, words: str) -> str:
        """Wait until the status line holds some words."""
        self.wait(lambda: words in self.text("#status"))
        return self.text("#status")

    def open(self, address: str) -> None:
        """Open the page and wait until the sentence that it begins with has been read."""
        self.driver.get(address)
        self.wait(lambda: self.run("return document.querySelector('#plot').ariaLabel?.match(/\\d/)"))

    def type(self, text: str) -> None:
        """Replace the sentence, and wait until it has been read."""
        from selenium.webdriver.common.keys import Keys

        field = self.find("#text")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)
        words = len(text.split())
        self.wait(lambda: self.module("return page.sketch.words.map((word) => word.text).join(' ')") == text)
        self.status(f"{words} ")

    def draw(self, points: Sequence[tuple[float, float]], kind: str = "mouse") -> None:
        """Draw a line through points on the plot.

        Args:
            points: (seconds, share of the height from the top).
            kind: "mouse", "pen" or "touch".
        """
        from selenium.webdriver.common.actions.action_builder import ActionBuilder
        from selenium.webdriver.common.actions.pointer_input import PointerInput

        plot = self.find("#plot")
        self.run("arguments[0].scrollIntoView({block: 'center'})", plot)
        places = self.module(f"return {[time for time, _ in points]}.map((time) => page.view.xAt(time))")
        box = self.run("const b = arguments[0].getBoundingClientRect(); return [b.left, b.top, b.height]", plot)
        actions = ActionBuilder(self.driver, mouse=PointerInput(kind, f"the {kind}"), duration=30)
        pointer = actions.pointer_action
        for number, (x, (_, share)) in enumerate(zip(places, points)):
            pointer.move_to_location(round(box[0] + x), round(box[1] + share * box[2]))
            if not number:
                pointer.pointer_down()
        pointer.pointer_up()
        actions.perform()

    def saved(self, ending: str) -> Path:
        """The newest download of a kind."""
        return self.wait(
            lambda: max(self.downloads.glob(f"*.{ending}"), key=lambda path: path.stat().st_mtime_ns, default=None)
        )

    def complaints(self) -> list[str]:
        """What the console says of errors, but for answers that the page puts into words."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE" and "the server responded with a status of" not in entry["message"]
        ]

    def close(self) -> None:
        self.driver.quit()
