//go:build !purego

#include "textflag.h"

// Offsets in tables.
#define FIRST_HIGH 32
#define MARK_HIGH 336
#define ESCAPES 368

// How much room a block with escapes needs at most, beyond that for a byte of what is left of the string each, Room included.
#define GROWTH 384

// Marks, in all bytes of a word.
#define BEYOND 0x0101010101010101
#define SEPARATOR 0x1010101010101010
#define CARE 0x3E3E3E3E3E3E3E3E // with SEPARATOR

// The marks of a text's bytes, and both halves of these.
#define LOOK_UP(text, high, low, marks) \
	VUSHR $4, text.B16, high.B16; \
	VAND V21.B16, text.B16, low.B16; \
	VTBL high.B16, [V16.B16], marks.B16; \
	VTBL low.B16, [V17.B16], V25.B16; \
	VAND V25.B16, marks.B16, marks.B16

// What bytes are as the first of two, in the place of their lower halves.
#define FIRST(high, low) \
	VTBL high.B16, [V18.B16], V25.B16; \
	VTBL low.B16, [V19.B16], low.B16; \
	VAND V25.B16, low.B16, low.B16

// Faults, in the place of the higher halves. A later continuation is right just where the mark of a lead is two bytes before, or that of a lead of
// four, which is moved by a bit, three bytes before. All other marks meet bits which the byte before has not: it is a continuation if the lead is
// right, and else there is a fault before this one.
#define FAULTS(firstBefore, first, marksBefore, marks, high) \
	VTBL high.B16, [V20.B16], high.B16; \
	VEXT $14, marks.B16, marksBefore.B16, V25.B16; \
	VEXT $13, marks.B16, marksBefore.B16, V26.B16; \
	VUSRA $1, V26.B16, V25.B16; \
	VEOR V25.B16, high.B16, high.B16; \
	VEXT $15, first.B16, firstBefore.B16, V26.B16; \
	VAND V26.B16, high.B16, high.B16

// The faults, and the bytes that end U+2028 or U+2029, in the place of the faults.
#define ENDS(before, text, faults) \
	VEXT $14, text.B16, before.B16, V25.B16; \
	VEXT $15, text.B16, before.B16, V26.B16; \
	VCMEQ V28.B16, V25.B16, V25.B16; \
	VCMEQ V29.B16, V26.B16, V26.B16; \
	VAND V25.B16, V26.B16, V26.B16; \
	VORR V30.B16, text.B16, V25.B16; \
	VCMEQ V31.B16, V25.B16, V25.B16; \
	VAND V25.B16, V26.B16, V26.B16; \
	VORR V26.B16, faults.B16, faults.B16

// What is in any byte of four vectors, as a word.
#define ANY(a, b, c, d, word) \
	VORR a.B16, b.B16, V25.B16; \
	VORR c.B16, d.B16, V26.B16; \
	VORR V25.B16, V26.B16, V25.B16; \
	VMOV V25.D[0], word; \
	VMOV V25.D[1], R8; \
	ORR R8, word

// A bit for each byte that is not 0, each in a place of its own among eight.
#define BITS(v) \
	VCMTST v.B16, v.B16, v.B16; \
	VAND V25.B16, v.B16, v.B16

// The same as a word, for V4 to V7.
#define WORD(word) \
	VMOVQ $0x8040201008040201, $0x8040201008040201, V25; \
	BITS(V4); \
	BITS(V5); \
	BITS(V6); \
	BITS(V7); \
	VADDP V5.B16, V4.B16, V4.B16; \
	VADDP V7.B16, V6.B16, V6.B16; \
	VADDP V6.B16, V4.B16, V4.B16; \
	VADDP V4.B16, V4.B16, V4.B16; \
	VMOV V4.D[0], word

// Blocks have 64 bytes. There is a fast way for those of ASCII behind others; the other way is for those beyond ASCII, and for the next one, as
// a character may end there.
//
// A block is stored as it is. Behind each byte in it that is escaped, the rest of it is stored again, further on.
//
// R0: where the block ends that was written. R1: where the next one begins. R2: how many bytes are behind the block. R4: marks of the block before, beyond
// and separator. R5: marks of the block. R6: which bytes are escaped. R7: where the text has to end.
// V0 to V3: the block. V4 to V7, V8 to V11: its halves. V12 to V15: its marks. V22, V23 and V24: marks, first of two, and text of what is before
// the block.

// func writeVectors(dst unsafe.Pointer, room int, src unsafe.Pointer, n int, form *Form) (read, written int)
TEXT ·writeVectors(SB), NOSPLIT, $128-56
	MOVD dst+0(FP), R0
	MOVD src+16(FP), R1
	MOVD n+24(FP), R2
	MOVD form+32(FP), R3
	ADD $MARK_HIGH, R3, R4
	VLD1 (R4), [V16.B16, V17.B16]
	ADD $FIRST_HIGH, R3, R4
	VLD1 (R4), [V18.B16, V19.B16, V20.B16]
	VMOVI $0x0F, V21.B16
	// What is before the first block counts as ASCII.
	VMOVI $0, V22.B16
	VMOVI $0x40, V23.B16
	VMOVI $0, V24.B16
	MOVD ZR, R4
	B next

block:
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]

store:
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	LOOK_UP(V0, V4, V8, V12)
	LOOK_UP(V1, V5, V9, V13)
	LOOK_UP(V2, V6, V10, V14)
	LOOK_UP(V3, V7, V11, V15)
	ANY(V12, V13, V14, V15, R5)
	ORR R4, R5, R7
	CBNZ R7, marked

next:
	SUBS $64, R2, R2
	BGE block
	ADDS $64, R2, R6
	BGT tail
	ADD R6, R0, R0
	MOVD n+24(FP), R1

done:
	MOVD R1, read+40(FP)
	MOVD dst+0(FP), R2
	SUB R2, R0, R0
	MOVD R0, written+48(FP)
	RET

tail:
	// The last 32 bytes are moved to the end of what is left, and before them is what is not among them. Behind it are spaces.
	VMOVI $' ', V0.B16
	VMOVI $' ', V1.B16
	VMOVI $' ', V2.B16
	VMOVI $' ', V3.B16
	VMOVQ $0x0706050403020100, $0x0F0E0D0C0B0A0908, V25
	MOVD n+24(FP), R7
	CMP $32, R7
	BLT short
	ADD R6, R1, R7
	SUB $32, R7, R7
	VLD1 (R7), [V4.B16, V5.B16]
	MOVD $32, R7
	SUBS R6, R7, R7
	BGT last
	VLD1 (R1), [V0.B16, V1.B16]

last:
	VDUP R7, V26.B16
	VMOVI $16, V27.B16
	VADD V25.B16, V26.B16, V26.B16
	VTBX V26.B16, [V4.B16, V5.B16], V0.B16
	VADD V27.B16, V26.B16, V26.B16
	VTBX V26.B16, [V4.B16, V5.B16], V1.B16
	VADD V27.B16, V26.B16, V26.B16
	VTBX V26.B16, [V4.B16, V5.B16], V2.B16
	VADD V27.B16, V26.B16, V26.B16
	VTBX V26.B16, [V4.B16, V5.B16], V3.B16
	B store

short:
	// As much of the last 16 bytes as is not among the first.
	VLD1 (R1), [V0.B16]
	ADD R6, R1, R7
	SUB $16, R7, R7
	VLD1 (R7), [V4.B16]
	MOVD $32, R7
	SUB R6, R7, R7
	VDUP R7, V26.B16
	VADD V25.B16, V26.B16, V26.B16
	VTBX V26.B16, [V4.B16], V1.B16
	B store

marked:
	TST $BEYOND, R7
	BNE wide
	VMOV V12.B16, V4.B16
	VMOV V13.B16, V5.B16
	VMOV V14.B16, V6.B16
	VMOV V15.B16, V7.B16
	WORD(R6)
	MOVD ZR, R7
	B escape

wide:
	FIRST(V4, V8)
	FIRST(V5, V9)
	FIRST(V6, V10)
	FIRST(V7, V11)
	FAULTS(V23, V8, V22, V12, V4)
	FAULTS(V8, V9, V12, V13, V5)
	FAULTS(V9, V10, V13, V14, V6)
	FAULTS(V10, V11, V14, V15, V7)
	ANY(V4, V5, V6, V7, R6)
	AND $CARE, R7, R7
	ORR R7, R6
	CBNZ R6, care

carry:
	AND $(BEYOND | SEPARATOR), R5, R4
	VMOV V15.B16, V22.B16
	VMOV V11.B16, V23.B16
	VMOV V3.B16, V24.B16
	B next

care:
	// Without the marks of what is escaped, which the faults are found anew for.
	VMOVI $0x2E, V27.B16 // CARE without SEPARATOR
	VMOVI $0xE2, V28.B16
	VMOVI $0x80, V29.B16
	VMOVI $0x01, V30.B16
	VMOVI $0xA9, V31.B16
	VAND V27.B16, V12.B16, V4.B16
	VAND V27.B16, V13.B16, V5.B16
	VAND V27.B16, V14.B16, V6.B16
	VAND V27.B16, V15.B16, V7.B16
	VEOR V4.B16, V12.B16, V12.B16
	VEOR V5.B16, V13.B16, V13.B16
	VEOR V6.B16, V14.B16, V14.B16
	VEOR V7.B16, V15.B16, V15.B16
	WORD(R6)
	VUSHR $4, V0.B16, V4.B16
	VUSHR $4, V1.B16, V5.B16
	VUSHR $4, V2.B16, V6.B16
	VUSHR $4, V3.B16, V7.B16
	FAULTS(V23, V8, V22, V12, V4)
	FAULTS(V8, V9, V12, V13, V5)
	FAULTS(V9, V10, V13, V14, V6)
	FAULTS(V10, V11, V14, V15, V7)
	ENDS(V24, V0, V4)
	ENDS(V0, V1, V5)
	ENDS(V1, V2, V6)
	ENDS(V2, V3, V7)
	WORD(R7)
	// What follows the first fault, or ends U+2028 or U+2029, is not written.
	SUB $1, R7, R9
	BIC R7, R9, R9
	AND R9, R6, R6
	CBZ R6, escaped

escape:
	MOVD dst+0(FP), R8
	MOVD room+8(FP), R9
	ADD R9, R8, R8
	ADD $GROWTH, R0, R9
	ADD R2, R9, R9
	CMP R8, R9
	BHI full
	// What is read behind the block has to be there.
	SUB $64, R1, R8
	CMP $64, R2
	BGE inPlace
	MOVD $buffer-128(SP), R8
	VST1 [V0.B16, V1.B16, V2.B16, V3.B16], (R8)

inPlace:
	ADD $ESCAPES, R3, R10
	SUB $64, R0, R0

each:
	RBIT R6, R9
	CLZ R9, R9
	ADD R9, R8, R11
	ADD R9, R0, R12
	MOVBU (R11), R9
	MOVD (R10)(R9<<3), R9
	MOVD R9, (R12)
	LSR $56, R9, R9
	ADD R9, R12, R12
	SUB $1, R9, R9
	ADD R9, R0, R0
	ADD $1, R11, R11
	VLD1 (R11), [V4.B16, V5.B16, V6.B16, V7.B16]
	VST1 [V4.B16, V5.B16, V6.B16, V7.B16], (R12)
	SUB $1, R6, R9
	ANDS R9, R6, R6
	BNE each
	ADD $64, R0, R0

escaped:
	CBNZ R7, ends
	ORR R4, R5, R6
	TST $BEYOND, R6
	BEQ next
	// Only at the end of the block, what begins like U+2028 may end behind it.
	VMOV V15.D[1], R6
	AND $SEPARATOR, R6, R6
	AND $BEYOND, R5, R5
	ORR R6, R5, R5
	B carry

full:
	MOVD $1, R7

ends:
	RBIT R7, R7
	CLZ R7, R7
	SUB $64, R7, R7
	ADD R7, R0, R0
	MOVD n+24(FP), R1
	SUB R2, R1, R1
	ADD R7, R1, R1
	B done

// The digits of groups of three bytes, whose first, second and third ones are in V0, V1 and V2.
#define DIGITS \
	VUSHR $2, V0.B16, V3.B16; \
	VUSHR $4, V1.B16, V4.B16; \
	VSLI $4, V0.B16, V4.B16; \
	VUSHR $6, V2.B16, V5.B16; \
	VSLI $2, V1.B16, V5.B16; \
	VAND V20.B16, V4.B16, V4.B16; \
	VAND V20.B16, V5.B16, V5.B16; \
	VAND V20.B16, V2.B16, V6.B16; \
	VTBL V3.B16, [V16.B16, V17.B16, V18.B16, V19.B16], V3.B16; \
	VTBL V4.B16, [V16.B16, V17.B16, V18.B16, V19.B16], V4.B16; \
	VTBL V5.B16, [V16.B16, V17.B16, V18.B16, V19.B16], V5.B16; \
	VTBL V6.B16, [V16.B16, V17.B16, V18.B16, V19.B16], V6.B16

// func base64Vectors(dst, src unsafe.Pointer, n int) (read int)
TEXT ·base64Vectors(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2
	MOVD R1, R3
	MOVD $base64<>(SB), R4
	VLD1 (R4), [V16.B16, V17.B16, V18.B16, V19.B16]
	VMOVI $63, V20.B16
	SUBS $48, R2
	BLT half

groups:
	VLD3.P 48(R3), [V0.B16, V1.B16, V2.B16]
	DIGITS
	VST4.P [V3.B16, V4.B16, V5.B16, V6.B16], 64(R0)
	SUBS $48, R2
	BGE groups

half:
	ADDS $24, R2
	BLT done
	VLD3.P 24(R3), [V0.B8, V1.B8, V2.B8]
	DIGITS
	VST4 [V3.B8, V4.B8, V5.B8, V6.B8], (R0)

done:
	SUB R1, R3
	MOVD R3, read+24(FP)
	RET

DATA base64<>+0(SB)/8, $"ABCDEFGH"
DATA base64<>+8(SB)/8, $"IJKLMNOP"
DATA base64<>+16(SB)/8, $"QRSTUVWX"
DATA base64<>+24(SB)/8, $"YZabcdef"
DATA base64<>+32(SB)/8, $"ghijklmn"
DATA base64<>+40(SB)/8, $"opqrstuv"
DATA base64<>+48(SB)/8, $"wxyz0123"
DATA base64<>+56(SB)/8, $"456789+/"
GLOBL base64<>(SB), RODATA|NOPTR, $64
