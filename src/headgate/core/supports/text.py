"""A name or sentence in the programme's languages; English is always there, for the commons."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Words = Annotated[str, Field(min_length=1)]


class Text(BaseModel):
    """One text in several languages, by ISO 639-1 code; the others fall back to English.

    English, Vietnamese and Korean are named because the portal speaks them; any other language a
    country needs is written the same way.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[Annotated[str, Field(pattern="^[a-z]{2}$")], Words]

    en: Words
    vi: Words | None = None
    ko: Words | None = None

    def __str__(self) -> str:
        return self.en

    def say(self, language: str) -> str:
        """The text in a language, or in English where it has not been written yet."""
        known = {"en": self.en, "vi": self.vi, "ko": self.ko} | (self.__pydantic_extra__ or {})
        return known.get(language) or self.en
