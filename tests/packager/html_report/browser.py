"""A page in Chromium: opened offline in the width and colours of a device, and asked what it shows."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

Scheme = Literal["light", "dark"]
PROGRAMS = ("chromium", "chromedriver")

CONTRASTS = """
const linear = part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
const channel = value => linear(value / 255);
const parts = colour => colour.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
const behind = element => {
  for (; element; element = element.parentElement) {
    const found = parts(getComputedStyle(element).backgroundColor);
    if (found.length === 3 || found[3] > 0) return found;
  }
  throw new Error('nothing behind');
};
return [...document.querySelectorAll('body *')]
  .filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .filter(e => e.namespaceURI.endsWith('xhtml') || e.tagName === 'text')
  .map(e => {
    const style = getComputedStyle(e);
    const pair = [luminance(parts(e.tagName === 'text' ? style.fill : style.color)), luminance(behind(e))];
    return [e.textContent.trim(), (Math.max(...pair) + .05) / (Math.min(...pair) + .05)];
  });
"""
DRAWINGS = """
return [...document.querySelectorAll('figure')].map(figure => {
  const shown = [...figure.querySelectorAll('svg')].filter(svg => svg.checkVisibility());
  const box = element => {
    const { left, right, width, height } = element.getBoundingClientRect();
    return [left, right, width, height];
  };
  const texts = [...shown[0].querySelectorAll('text')].filter(text => text.textContent.trim());
  return {
    title: figure.querySelector('strong').textContent,
    shown: shown.length,
    box: box(shown[0]),
    marks: [...shown[0].querySelectorAll('.role-mark path')].map(box),
    texts: texts.map(text => [text.textContent, ...box(text)]),
    fills: [...shown[0].querySelectorAll('.role-mark path')].map(path => getComputedStyle(path).fill),
  };
});
"""
TABLES = """
return Object.fromEntries([...document.querySelectorAll('table')].map(table => [
  table.caption.textContent,
  [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => {
    const figure = cell.querySelector('data');
    return figure ? Number(figure.value) : cell.textContent;
  })),
]));
"""


@dataclass(frozen=True, slots=True)
class Browser:
    """Chromium without a window and without a network."""

    driver: Any
    """Selenium's Chrome; what of it has types changes from release to release."""

    def show(self, page: Path, width: int = 1100, scheme: Scheme = "light") -> None:
        """Open a file on a screen so many pixels wide, in these colours."""
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        colours = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", colours)
        self.driver.get(page.as_uri())

    def ask(self, script: str) -> Any:
        """What a script answers in the page."""
        return self.driver.execute_script(script)

    def complaints(self) -> list[str]:
        """What the page said on the console since it was last asked."""
        log = self.driver.get_log("browser")
        return [entry["message"] for entry in log]


def missing_programs() -> list[str]:
    """What this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def browser() -> Iterator[Browser]:
    """Start it; it ends with the block, and what it leaves in its temporary folder goes with it."""
    chromium, chromedriver = map(shutil.which, PROGRAMS)
    options = ChromeOptions()
    options.binary_location = str(chromium)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        driver = Chrome(options, Service(str(chromedriver), env={**os.environ, "TMPDIR": scratch}))
        try:
            driver.execute_cdp_cmd("Network.enable", {})
            nothing = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
            driver.execute_cdp_cmd("Network.emulateNetworkConditions", nothing)
            yield Browser(driver)
        finally:
            driver.quit()
