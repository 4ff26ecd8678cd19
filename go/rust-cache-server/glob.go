package main

// matches tells whether a text matches a pattern of Redis: ? is any byte, * any bytes, [abc], [a-z] and [^a] are one of
// a class, and \ takes the special meaning from what follows. It takes time in proportion to the product of both
// lengths at most, since of several stars only the last has to be tried anew.
func matches(pattern, text []byte) bool {
	p, t := 0, 0
	star, retry := -1, 0 // behind the last star, and where the text goes on that it does not take
	for t < len(text) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, retry = p, t
			continue
		}
		if p < len(pattern) {
			if length, ok := matchByte(pattern[p:], text[t]); ok {
				p += length
				t++
				continue
			}
		}
		if star < 0 {
			return false
		}
		retry++
		p, t = star, retry
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchByte tells whether a byte matches the beginning of a pattern, and how long that is.
func matchByte(pattern []byte, b byte) (length int, ok bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		return matchClass(pattern, b)
	case '\\':
		if len(pattern) > 1 {
			return 2, pattern[1] == b
		}
	}
	return 1, pattern[0] == b
}

// matchClass is matchByte for a class. One that is not closed ends with the pattern.
func matchClass(pattern []byte, b byte) (length int, ok bool) {
	i := 1
	not := i < len(pattern) && pattern[i] == '^'
	if not {
		i++
	}
	for i < len(pattern) {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			ok = ok || pattern[i+1] == b
			i += 2
		case pattern[i] == ']':
			return i + 1, ok != not
		case i+2 < len(pattern) && pattern[i+1] == '-':
			low, high := min(pattern[i], pattern[i+2]), max(pattern[i], pattern[i+2])
			ok = ok || low <= b && b <= high
			i += 3
		default:
			ok = ok || pattern[i] == b
			i++
		}
	}
	return len(pattern), ok != not
}
