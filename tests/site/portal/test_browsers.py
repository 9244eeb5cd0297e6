"""A browser is told in the few words by which its owner knows it again."""

import pytest

from headgate.site.portal.browsers import UNKNOWN_MOST, told

MACINTOSH = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) "
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (f"{MACINTOSH}AppleWebKit/605.1 Version/18.5 Safari/605.1", "Safari – macOS"),
        (f"{WINDOWS}Chrome/140.0 Safari/537.36", "Chrome – Windows"),
        (f"{WINDOWS}Chrome/140.0 Safari/537.36 Edg/140.0", "Edge – Windows"),
        (f"{WINDOWS}Chrome/140.0 Whale/4.33 Safari/537.36", "Whale – Windows"),
        (f"{WINDOWS}coc_coc_browser/140 Chrome/134.0 Safari/537.36", "Cốc Cốc – Windows"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            "Firefox – Linux",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28 Chrome/130",
            "Samsung Internet – Android",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Safari/604.1", "Safari – iPhone"),
        ("curl/8.14", "curl/8.14"),
        ("x" * 500, "x" * UNKNOWN_MOST),
        ("", "—"),
    ],
)
def test_a_browser_is_told_by_its_name_and_system(agent: str, words: str) -> None:
    """Each names others before itself; what nobody knows is shown as it says itself, in short."""
    assert words == told(agent)
