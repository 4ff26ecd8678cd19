package corpus

import "iter"

// StringBlocks has a member for each of the Unicode blocks that the documents of strings take their letters from.
type StringBlocks struct {
	Arabic                             string `json:"Arabic"`
	ArabicPresentationFormsA           string `json:"Arabic Presentation Forms-A"`
	ArabicPresentationFormsB           string `json:"Arabic Presentation Forms-B"`
	Armenian                           string `json:"Armenian"`
	Arrows                             string `json:"Arrows"`
	Bengali                            string `json:"Bengali"`
	Bopomofo                           string `json:"Bopomofo"`
	BoxDrawing                         string `json:"Box Drawing"`
	CJKCompatibility                   string `json:"CJK Compatibility"`
	CJKCompatibilityForms              string `json:"CJK Compatibility Forms"`
	CJKCompatibilityIdeographs         string `json:"CJK Compatibility Ideographs"`
	CJKSymbolsAndPunctuation           string `json:"CJK Symbols and Punctuation"`
	CJKUnifiedIdeographs               string `json:"CJK Unified Ideographs"`
	CJKUnifiedIdeographsExtensionA     string `json:"CJK Unified Ideographs Extension A"`
	CJKUnifiedIdeographsExtensionB     string `json:"CJK Unified Ideographs Extension B"`
	Cherokee                           string `json:"Cherokee"`
	CurrencySymbols                    string `json:"Currency Symbols"`
	Cyrillic                           string `json:"Cyrillic"`
	CyrillicSupplementary              string `json:"Cyrillic Supplementary"`
	Devanagari                         string `json:"Devanagari"`
	EnclosedAlphanumerics              string `json:"Enclosed Alphanumerics"`
	EnclosedCJKLettersAndMonths        string `json:"Enclosed CJK Letters and Months"`
	Ethiopic                           string `json:"Ethiopic"`
	GeometricShapes                    string `json:"Geometric Shapes"`
	Georgian                           string `json:"Georgian"`
	GreekAndCoptic                     string `json:"Greek and Coptic"`
	Gujarati                           string `json:"Gujarati"`
	Gurmukhi                           string `json:"Gurmukhi"`
	HangulCompatibilityJamo            string `json:"Hangul Compatibility Jamo"`
	HangulJamo                         string `json:"Hangul Jamo"`
	HangulSyllables                    string `json:"Hangul Syllables"`
	Hebrew                             string `json:"Hebrew"`
	Hiragana                           string `json:"Hiragana"`
	IPAExtentions                      string `json:"IPA Extentions"`
	KangxiRadicals                     string `json:"Kangxi Radicals"`
	Katakana                           string `json:"Katakana"`
	Khmer                              string `json:"Khmer"`
	KhmerSymbols                       string `json:"Khmer Symbols"`
	Latin                              string `json:"Latin"`
	LatinExtendedAdditional            string `json:"Latin Extended Additional"`
	Latin1Supplement                   string `json:"Latin-1 Supplement"`
	LatinExtendedA                     string `json:"Latin-Extended A"`
	LatinExtendedB                     string `json:"Latin-Extended B"`
	LetterlikeSymbols                  string `json:"Letterlike Symbols"`
	Malayalam                          string `json:"Malayalam"`
	MathematicalAlphanumericSymbols    string `json:"Mathematical Alphanumeric Symbols"`
	MathematicalOperators              string `json:"Mathematical Operators"`
	MiscellaneousSymbols               string `json:"Miscellaneous Symbols"`
	Mongolian                          string `json:"Mongolian"`
	NumberForms                        string `json:"Number Forms"`
	Oriya                              string `json:"Oriya"`
	PhoneticExtensions                 string `json:"Phonetic Extensions"`
	SupplementalArrowsB                string `json:"Supplemental Arrows-B"`
	Syriac                             string `json:"Syriac"`
	Tamil                              string `json:"Tamil"`
	Thaana                             string `json:"Thaana"`
	Thai                               string `json:"Thai"`
	UnifiedCanadianAboriginalSyllabics string `json:"Unified Canadian Aboriginal Syllabics"`
	YiRadicals                         string `json:"Yi Radicals"`
	YiSyllables                        string `json:"Yi Syllables"`
}

// blocks are the members of StringBlocks, each with the letters that its string draws from.
var blocks = []struct {
	name        string
	first, last rune
}{
	{"Arabic", 0x677, 0x6ff},
	{"Arabic Presentation Forms-A", 0xfc63, 0xfd3e},
	{"Arabic Presentation Forms-B", 0xfe80, 0xfefa},
	{"Armenian", 0x531, 0x556},
	{"Arrows", 0x2190, 0x21e9},
	{"Bengali", 0x993, 0x9a8},
	{"Bopomofo", 0x3105, 0x312c},
	{"Box Drawing", 0x2500, 0x257f},
	{"CJK Compatibility", 0x3305, 0x33dc},
	{"CJK Compatibility Forms", 0xfe30, 0xfe4f},
	{"CJK Compatibility Ideographs", 0xf90d, 0xfa6a},
	{"CJK Symbols and Punctuation", 0x3004, 0x303e},
	{"CJK Unified Ideographs", 0x4f16, 0x9f85},
	{"CJK Unified Ideographs Extension A", 0x34f7, 0x4d9d},
	{"CJK Unified Ideographs Extension B", 0x20000, 0x2a6d6},
	{"Cherokee", 0x13a0, 0x13f4},
	{"Currency Symbols", 0x20a0, 0x20b5},
	{"Cyrillic", 0x400, 0x481},
	{"Cyrillic Supplementary", 0x500, 0x513},
	{"Devanagari", 0x904, 0x939},
	{"Enclosed Alphanumerics", 0x2461, 0x24fc},
	{"Enclosed CJK Letters and Months", 0x3220, 0x3243},
	{"Ethiopic", 0x1201, 0x1247},
	{"Geometric Shapes", 0x25a0, 0x25ee},
	{"Georgian", 0x10a0, 0x10c5},
	{"Greek and Coptic", 0x3d1, 0x3ff},
	{"Gujarati", 0xa93, 0xaa8},
	{"Gurmukhi", 0xa13, 0xa28},
	{"Hangul Compatibility Jamo", 0x3133, 0x318e},
	{"Hangul Jamo", 0x1100, 0x11f4},
	{"Hangul Syllables", 0xac22, 0xd71a},
	{"Hebrew", 0x5d0, 0x5ea},
	{"Hiragana", 0x3041, 0x3093},
	{"IPA Extentions", 0x250, 0x2ae},
	{"Kangxi Radicals", 0x2f00, 0x2fd5},
	{"Katakana", 0x30a1, 0x30ff},
	{"Khmer", 0x1780, 0x17dd},
	{"Khmer Symbols", 0x19e0, 0x19ff},
	{"Latin", 0x21, 0x7e},
	{"Latin Extended Additional", 0x1e00, 0x1e99},
	{"Latin-1 Supplement", 0xa2, 0xfe},
	{"Latin-Extended A", 0x100, 0x17f},
	{"Latin-Extended B", 0x180, 0x24f},
	{"Letterlike Symbols", 0x2100, 0x2138},
	{"Malayalam", 0xd13, 0xd28},
	{"Mathematical Alphanumeric Symbols", 0x1d6aa, 0x1d755},
	{"Mathematical Operators", 0x2200, 0x22f1},
	{"Miscellaneous Symbols", 0x261a, 0x266f},
	{"Mongolian", 0x1820, 0x1877},
	{"Number Forms", 0x2153, 0x2182},
	{"Oriya", 0xb13, 0xb28},
	{"Phonetic Extensions", 0x1d01, 0x1d7e},
	{"Supplemental Arrows-B", 0x2901, 0x297e},
	{"Syriac", 0x710, 0x74a},
	{"Tamil", 0xb93, 0xba8},
	{"Thaana", 0x780, 0x7b1},
	{"Thai", 0xe01, 0xe30},
	{"Unified Canadian Aboriginal Syllabics", 0x1403, 0x1676},
	{"Yi Radicals", 0xa490, 0xa4c6},
	{"Yi Syllables", 0xa001, 0xa488},
}

// StringUnicode generates strings of that many letters from all scripts, written as they are.
func StringUnicode(letters int) Document {
	members := object{}
	for name, text := range blockStrings(letters) {
		members = append(members, member{name, text})
	}
	return document[StringBlocks]("string_unicode", members, "\t")
}

// StringEscaped generates the same strings as [StringUnicode], with every letter of them escaped.
func StringEscaped(letters int) Document {
	members := object{}
	for name, text := range blockStrings(letters) {
		members = append(members, member{name, escaped(text)})
	}
	return document[StringBlocks]("string_escaped", members, "\t")
}

// blockStrings yields the name of each block with a string of its letters.
func blockStrings(letters int) iter.Seq2[string, string] {
	s := newSource(7)
	return func(yield func(name, text string) bool) {
		for _, block := range blocks {
			text := make([]rune, letters)
			for i := range text {
				text[i] = rune(s.between(int(block.first), int(block.last)))
			}
			if !yield(block.name, string(text)) {
				return
			}
		}
	}
}
