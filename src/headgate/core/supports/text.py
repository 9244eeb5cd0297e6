"""A name or sentence in the programme's languages; English is always there, for the commons."""

from pydantic import BaseModel, ConfigDict


class Text(BaseModel):
    """One text in several languages, by ISO 639-1 code; the others fall back to English."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    en: str
    vi: str | None = None
    ko: str | None = None

    def say(self, language: str) -> str:
        """The text in a language, or in English where it has not been written yet."""
        return getattr(self, language, None) or self.en
