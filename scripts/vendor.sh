#!/bin/sh
# Fetch the portal's vendored style sheet, scripts and typeface again, at the versions named here.
# For developers, with npm; what it makes is committed, so nobody else needs it.
set -eu

GOVUK=6.6.0
PRETENDARD=1.3.9
OUT=$(cd "$(dirname "$0")/.." && pwd)/src/headgate/site/portal/static/vendored
PRINT=$(cd "$(dirname "$0")/.." && pwd)/src/headgate/report/fonts
PYTHON=$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/python
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT

cd "$SCRATCH"
npm pack --silent "govuk-frontend@$GOVUK" "pretendard@$PRETENDARD" >/dev/null
mkdir govuk pretendard
tar xzf "govuk-frontend-$GOVUK.tgz" -C govuk
tar xzf "pretendard-$PRETENDARD.tgz" -C pretendard

rm -rf "$OUT"
mkdir -p "$OUT/govuk" "$OUT/pretendard/woff2-dynamic-subset"

# govuk-frontend, MIT: without its typeface and its crest, which only gov.uk may show.
DIST=govuk/package/dist/govuk
sed -e 's/@font-face{[^}]*}//g' \
    -e 's/GDS Transport/Pretendard Variable/g' \
    -e 's#url(/assets/images/govuk-crest.svg)#none#g' \
    -e 's#/\*\# sourceMappingURL=[^*]*\*/##' \
    "$DIST/govuk-frontend.min.css" > "$OUT/govuk/govuk-frontend.css"
sed -e 's#//\# sourceMappingURL=.*##' "$DIST/govuk-frontend.min.js" > "$OUT/govuk/govuk-frontend.js"
cat > "$OUT/govuk/LICENSE.txt" <<LICENCE
govuk-frontend $GOVUK, https://github.com/alphagov/govuk-frontend

The MIT License (MIT)

Copyright (C) 2017 Crown Copyright (Government Digital Service)

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies
of the Software, and to permit persons to whom the Software is furnished to do
so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
LICENCE

# Pretendard, SIL Open Font License: one variable face in parts, of which a browser fetches a few.
WEB=pretendard/package/dist/web/variable
cp "$WEB/pretendardvariable-dynamic-subset.css" "$OUT/pretendard/pretendard.css"
cp "$WEB"/woff2-dynamic-subset/*.woff2 "$OUT/pretendard/woff2-dynamic-subset/"
cp pretendard/package/dist/LICENSE.txt "$OUT/pretendard/LICENSE.txt"

# The Vietnamese letters that those parts leave out, under another name, as the licence asks.
mkdir -p "$OUT/vietnamese"
"$PYTHON" - "$WEB/woff2/PretendardVariable.woff2" "$OUT" <<VIETNAMESE
import re, sys
from pathlib import Path
from fontTools import subset
from fontTools.ttLib import TTFont
font, out = TTFont(sys.argv[1]), Path(sys.argv[2])
there = set()
for told in re.findall("unicode-range:([^;]+);", (out / "pretendard/pretendard.css").read_text()):
    for part in told.split(","):
        first, _, last = part.strip()[2:].partition("-")
        there |= set(range(int(first, 16), int(last or first, 16) + 1))
letters = "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư₫"
wanted = {*map(ord, letters), *range(0x1EA0, 0x1EFA), 0x300, 0x301, 0x303, 0x309, 0x323}
left = sorted(wanted - there)
options = subset.Options(flavor="woff2", layout_features=["kern", "mark", "mkmk", "ccmp", "tnum"])
options.name_IDs = [0, 1, 2, 4, 5, 6, 13, 14, 16]
cut = subset.Subsetter(options)
cut.populate(unicodes=left)
cut.subset(font)
for name in font["name"].names:
    if name.nameID in (1, 4, 6, 16):
        name.string = "HeadgateVietnamese"
subset.save_font(font, out / "vietnamese/vietnamese.woff2", options)
ranges = ",\\n    ".join(f"U+{code:04X}" for code in left)
(out / "vietnamese/vietnamese.css").write_text(f"""/*
The Vietnamese letters of Pretendard, which its own parts for the web leave out; changed, and so
under another name within. Copyright (c) 2021 Kil Hyung-jin. SIL Open Font License 1.1, as in
../pretendard/LICENSE.txt
*/
@font-face {{
  font-family: "Pretendard Variable";
  font-style: normal;
  font-display: swap;
  font-weight: 45 920;
  src: url(./vietnamese.woff2) format("woff2-variations");
  unicode-range: {ranges};
}}
""")
VIETNAMESE

# The same face for prints, whole and in two weights; letters.txt lists the letters that it has.
cp pretendard/package/dist/public/static/Pretendard-Regular.otf "$PRINT/"
cp pretendard/package/dist/public/static/Pretendard-Bold.otf "$PRINT/"
cp pretendard/package/dist/LICENSE.txt "$PRINT/LICENSE.txt"
# Faces for names in the world's other living scripts (SIL Open Font License) and in Han (Apache),
# each cut to the letters that the faces before it lack. letters.txt lists all that can be printed.
NOTO="arabic@0.4.3 armenian@0.4.2 bengali@0.4.4 devanagari@0.4.1 ethiopic@0.4.2 georgian@0.4.3
    gujarati@0.4.2 gurmukhi@0.4.1 hebrew@0.4.1 kannada@0.4.3 khmer@0.4.3 lao@0.4.2 malayalam@0.4.2
    mongolian@0.4.1 myanmar@0.4.2 oriya@0.4.2 sinhala@0.4.2 tamil@0.4.3 telugu@0.4.2 thaana@0.4.2
    thai@0.4.2"
rm -rf "$PRINT/others"
mkdir -p "$PRINT/others" faces
for SCRIPT in $NOTO; do npm pack --silent "@expo-google-fonts/noto-sans-$SCRIPT" >/dev/null; done
npm pack --silent @expo-google-fonts/noto-serif-tibetan@0.4.2 >/dev/null
for PACKED in expo-google-fonts-*.tgz; do
    tar xzf "$PACKED" --wildcards --strip-components=2 -C faces 'package/400Regular/*.ttf'
done
tar xzf expo-google-fonts-noto-sans-thai-*.tgz --strip-components=1 -C faces package/LICENSE_FONT
cp faces/LICENSE_FONT "$PRINT/others/LICENSE-Noto.txt"
apt-get download fonts-droid-fallback >/dev/null
dpkg-deb -x fonts-droid-fallback_*.deb droid
cp droid/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf faces/
cp droid/usr/share/doc/fonts-droid-fallback/copyright "$PRINT/others/LICENSE-Droid.txt"
"$PYTHON" - "$PRINT" faces/Noto*.ttf faces/Droid*.ttf > "$PRINT/letters.txt" <<LETTERS
import sys
from itertools import groupby
from pathlib import Path
from fontTools import subset
from fontTools.ttLib import TTFont
out, faces = Path(sys.argv[1]), list(map(Path, sys.argv[2:]))
letters = set(TTFont(out / "Pretendard-Regular.otf").getBestCmap())
options = subset.Options(layout_features=["*"], hinting=False, name_IDs=[0, 1, 2, 4, 6, 13, 14])
for face in faces:
    font = TTFont(face)
    more = set(font.getBestCmap()) - letters
    cut = subset.Subsetter(options)
    # With the joiners, which a word may need between its letters, and which have no shape.
    cut.populate(unicodes=more | {0x200C, 0x200D})
    cut.subset(font)
    font.save(out / "others" / face.name.replace("_400", "-"))
    letters |= more - {0x200C, 0x200D}
for _, run in groupby(enumerate(sorted(letters)), lambda pair: pair[1] - pair[0]):
    found = [code for _, code in run]
    print(f"{found[0]:04X}-{found[-1]:04X}")
LETTERS

# Texts in the house's form: LF, no blanks at line ends, one newline at the end.
find "$OUT" "$PRINT" -name '*.txt' -o -name '*.css' -o -name '*.js' | while read -r FILE; do
    sed -i -e 's/\r$//' -e 's/[ \t]*$//' -e '$a\' "$FILE"
done
