//go:build !purego

#include "textflag.h"

// Offsets in tables.
#define CARE_HIGH 0
#define CARE_LOW 16
#define FIRST_HIGH 32
#define FIRST_LOW 48
#define SECOND_HIGH 64
#define HALF 80
#define THIRD 112
#define FOURTH 144
#define LATER 176
#define SEPARATOR2 208
#define SEPARATOR1 240
#define SEPARATOR0 272
#define ONE 304
#define ESCAPES 368

// How much room a block with escapes needs at most, beyond that for a byte of what is left of the string each, Room included.
#define GROWTH 384

// Both functions have a fast way for blocks of ASCII behind others. The wide way is for those beyond ASCII, and for the next one, as a character may
// end there. Lookups are made for each byte as the first of two, and what they yield is moved by a byte.
//
// A block is stored as it is. Behind each byte in it that is escaped, the rest of it is stored again, further on.
//
// AX: where the block begins. CX: where it ends. DX: where the string ends. DI: where the string would begin for the block to lie where it is
// written. R9: which bytes of it are beyond ASCII. R10: the same for the block before. R11: which bytes are escaped. K4 or R12: where the text has to end.

// func writeVectors(dst unsafe.Pointer, room int, src unsafe.Pointer, n int, form *Form) (read, written int)
TEXT ·writeVectors(SB), NOSPLIT, $0-56
	CMPB ·avx512(SB), $0
	JNE wide
	JMP writeAVX2<>(SB)

wide:
	JMP writeAVX512<>(SB)

TEXT writeAVX512<>(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ src+16(FP), SI
	MOVQ n+24(FP), DX
	MOVQ form+32(FP), R8
	VBROADCASTI32X4 CARE_HIGH(R8), Z16
	VBROADCASTI32X4 CARE_LOW(R8), Z17
	VBROADCASTI32X4 HALF(R8), Z18
	XORL AX, AX
	XORL R10, R10
	XORL R13, R13 // whether the other tables are there
	KXNORQ K7, K7, K7

block:
	LEAQ 64(AX), CX
	CMPQ CX, DX
	JHI tail
	VMOVDQU8 (SI)(AX*1), Z0

store:
	VMOVDQU8 Z0, (DI)(AX*1)
	VPMOVB2M Z0, K1
	VPSRLW $4, Z0, Z1
	VPANDD Z18, Z1, Z1
	VPANDD Z18, Z0, Z2
	VPSHUFB Z1, Z16, Z3
	VPSHUFB Z2, Z17, Z4
	VPTESTMB Z3, Z4, K7, K2
	KMOVQ K1, R9
	ORQ R9, R10
	JNZ wide
	KXORQ K4, K4, K4
	KMOVQ K2, R11
	TESTQ R11, R11
	JNZ escape

next:
	ADDQ $64, AX
	CMPQ AX, DX
	JLT block

last:
	MOVQ DX, AX

done:
	MOVQ AX, read+40(FP)
	ADDQ DI, AX
	SUBQ dst+0(FP), AX
	MOVQ AX, written+48(FP)
	VZEROUPPER
	RET

setup:
	VBROADCASTI32X4 FIRST_HIGH(R8), Z19
	VBROADCASTI32X4 FIRST_LOW(R8), Z20
	VBROADCASTI32X4 SECOND_HIGH(R8), Z21
	VBROADCASTI32X4 THIRD(R8), Z22
	VBROADCASTI32X4 FOURTH(R8), Z23
	VBROADCASTI32X4 LATER(R8), Z24
	VBROADCASTI32X4 SEPARATOR2(R8), Z25
	// What is before the block is ASCII, or nothing.
	VPXORD Z14, Z14, Z14
	VPSHUFB Z14, Z19, Z15
	MOVL $1, R13

wide:
	TESTL R13, R13
	JZ setup
	MOVQ R9, R10
	VALIGNQ $6, Z14, Z0, Z5 // each lane is the one before
	VPALIGNR $14, Z5, Z0, Z6 // bytes two before
	VPALIGNR $13, Z5, Z0, Z7 // bytes three before
	VMOVDQA64 Z0, Z14
	VPSHUFB Z1, Z19, Z8
	VPSHUFB Z2, Z20, Z9
	VPSHUFB Z1, Z21, Z10
	VPANDD Z8, Z9, Z8
	VALIGNQ $6, Z15, Z8, Z9
	VPALIGNR $15, Z9, Z8, Z9
	VMOVDQA64 Z8, Z15
	// There are two continuations just where the third or the fourth byte of a character should be.
	VPSUBUSB Z22, Z6, Z11
	VPSUBUSB Z23, Z7, Z12
	VPTERNLOGD $0xA8, Z24, Z12, Z11 // (Z11 | Z12) & Z24
	VPTERNLOGD $0x6A, Z11, Z10, Z9  // Z9 & Z10 ^ Z11
	VPTESTMB Z9, Z9, K3
	VPCMPEQB Z6, Z25, K4
	KORQ K2, K3, K5
	KORTESTQ K4, K5
	JNZ care
	ADDQ $64, AX
	CMPQ AX, DX
	JLT block
	JMP last

care:
	// What follows the first fault, or ends U+2028 or U+2029, is not written.
	VPALIGNR $15, Z5, Z0, Z5
	VBROADCASTI32X4 SEPARATOR1(R8), Z6
	VPCMPEQB Z5, Z6, K4, K4
	VBROADCASTI32X4 ONE(R8), Z5
	VBROADCASTI32X4 SEPARATOR0(R8), Z6
	VPORD Z5, Z0, Z5
	VPCMPEQB Z5, Z6, K4, K4
	KORQ K3, K4, K4
	KMOVQ K4, R12
	KMOVQ K2, R11
	LEAQ -1(R12), CX
	ANDNQ CX, R12, CX
	ANDQ CX, R11
	JZ escaped

escape:
	LEAQ GROWTH(DI)(DX*1), CX
	SUBQ dst+0(FP), CX
	CMPQ CX, room+8(FP)
	JGT done
	KMOVQ K7, R9
	SHRQ $1, R9
	ADDQ AX, SI
	ADDQ AX, DI

each:
	TZCNTQ R11, CX
	MOVBLZX (SI)(CX*1), R12
	MOVQ ESCAPES(R8)(R12*8), R12
	MOVQ R12, (DI)(CX*1)
	SHRQ $56, R12
	LEAQ -1(DI)(R12*1), DI
	SHRXQ CX, R9, R12
	KMOVQ R12, K1
	VMOVDQU8.Z 1(SI)(CX*1), K1, Y5
	VMOVDQU Y5, 1(DI)(CX*1)
	BLSRQ R11, R11
	SHRXQ CX, R11, R12
	TESTL R12, R12
	JNZ each
	// The next one is not in these 32 bytes.
	KSHIFTRQ $32, K1, K1
	VMOVDQU8.Z 33(SI)(CX*1), K1, Y5
	VMOVDQU Y5, 33(DI)(CX*1)
	TESTQ R11, R11
	JNZ each
	SUBQ AX, SI
	SUBQ AX, DI

escaped:
	KMOVQ K4, R12
	TESTQ R12, R12
	JZ next
	TZCNTQ R12, R12
	ADDQ R12, AX
	JMP done

tail:
	// The bytes that are left, and zeros.
	MOVQ DX, R11
	SUBQ AX, R11
	MOVQ $-1, R12
	BZHIQ R11, R12, R12
	KMOVQ R12, K7
	VMOVDQU8.Z (SI)(AX*1), K7, Z0
	JMP store

TEXT writeAVX2<>(SB), NOSPLIT, $96-56
	MOVQ dst+0(FP), DI
	MOVQ src+16(FP), SI
	MOVQ n+24(FP), DX
	MOVQ form+32(FP), R8
	VBROADCASTI128 CARE_HIGH(R8), Y4
	VBROADCASTI128 CARE_LOW(R8), Y5
	VBROADCASTI128 HALF(R8), Y6
	XORL AX, AX
	XORL R10, R10
	XORL R13, R13
	MOVL $-1, BX // which bytes are part of the string

block:
	LEAQ 32(AX), CX
	CMPQ CX, DX
	JHI tail
	VMOVDQU (SI)(AX*1), Y0

store:
	VMOVDQU Y0, (DI)(AX*1)
	VPMOVMSKB Y0, R9
	VPSRLW $4, Y0, Y1
	VPAND Y6, Y1, Y1
	VPAND Y6, Y0, Y2
	VPSHUFB Y1, Y4, Y3
	VPSHUFB Y2, Y5, Y9
	VPAND Y3, Y9, Y3
	ORL R9, R10
	JNZ wide
	VPTEST Y3, Y3
	JNZ careASCII

next:
	ADDQ $32, AX
	CMPQ AX, DX
	JLT block

last:
	MOVQ DX, AX

done:
	MOVQ AX, read+40(FP)
	ADDQ DI, AX
	SUBQ dst+0(FP), AX
	MOVQ AX, written+48(FP)
	VZEROUPPER
	RET

setup:
	VBROADCASTI128 FIRST_HIGH(R8), Y10
	VBROADCASTI128 FIRST_LOW(R8), Y11
	VBROADCASTI128 SECOND_HIGH(R8), Y12
	VBROADCASTI128 SEPARATOR2(R8), Y13
	VPXOR Y14, Y14, Y14
	VPSHUFB Y14, Y10, Y15
	MOVL $1, R13

wide:
	TESTL R13, R13
	JZ setup
	MOVL R9, R10
	VPSHUFB Y1, Y10, Y7
	VPSHUFB Y2, Y11, Y8
	VPAND Y7, Y8, Y7
	VPERM2I128 $0x21, Y7, Y15, Y8
	VPALIGNR $15, Y8, Y7, Y8
	VMOVDQA Y7, Y15
	VPSHUFB Y1, Y12, Y9
	VPAND Y8, Y9, Y8
	VPERM2I128 $0x21, Y0, Y14, Y7
	VPALIGNR $14, Y7, Y0, Y1 // bytes two before
	VPALIGNR $13, Y7, Y0, Y2 // bytes three before
	VMOVDQA Y0, Y14
	VPSUBUSB THIRD(R8), Y1, Y9
	VPSUBUSB FOURTH(R8), Y2, Y2
	VPOR Y9, Y2, Y2
	VPAND LATER(R8), Y2, Y2
	VPXOR Y2, Y8, Y2 // faults
	VPCMPEQB Y1, Y13, Y1
	VPOR Y2, Y3, Y8
	VPOR Y1, Y8, Y8
	VPTEST Y8, Y8
	JNZ care
	ADDQ $32, AX
	CMPQ AX, DX
	JLT block
	JMP last

care:
	// What follows the first fault, or ends U+2028 or U+2029, is not written.
	VPALIGNR $15, Y7, Y0, Y7
	VPCMPEQB SEPARATOR1(R8), Y7, Y7
	VPAND Y7, Y1, Y1
	VPOR ONE(R8), Y0, Y7
	VPCMPEQB SEPARATOR0(R8), Y7, Y7
	VPAND Y7, Y1, Y1
	VPXOR Y7, Y7, Y7
	VPCMPEQB Y7, Y3, Y3
	VPMOVMSKB Y3, R11
	NOTL R11
	ANDL BX, R11
	VPCMPEQB Y7, Y2, Y2
	VPMOVMSKB Y2, R12
	NOTL R12
	VPMOVMSKB Y1, CX
	ORL CX, R12
	LEAL -1(R12), CX
	ANDNL CX, R12, CX
	ANDL CX, R11
	JZ escaped
	JMP escape

careASCII:
	VPXOR Y7, Y7, Y7
	VPCMPEQB Y7, Y3, Y3
	VPMOVMSKB Y3, R11
	NOTL R11
	ANDL BX, R11
	JZ next
	XORL R12, R12

escape:
	LEAQ GROWTH(DI)(DX*1), CX
	SUBQ dst+0(FP), CX
	CMPQ CX, room+8(FP)
	JGT done
	// What is read behind the block has to be there.
	LEAQ (SI)(AX*1), R9
	LEAQ 64(AX), CX
	CMPQ CX, DX
	JLE inPlace
	VMOVDQU Y0, buffer-96(SP)
	LEAQ buffer-96(SP), R9

inPlace:
	ADDQ AX, DI

each:
	TZCNTL R11, CX
	MOVBLZX (R9)(CX*1), BX
	MOVQ ESCAPES(R8)(BX*8), BX
	MOVQ BX, (DI)(CX*1)
	SHRQ $56, BX
	LEAQ -1(DI)(BX*1), DI
	VMOVDQU 1(R9)(CX*1), Y3
	VMOVDQU Y3, 1(DI)(CX*1)
	BLSRL R11, R11
	JNZ each
	SUBQ AX, DI
	MOVL $-1, BX

escaped:
	TESTL R12, R12
	JZ next
	TZCNTL R12, R12
	ADDQ R12, AX
	JMP done

tail:
	// The bytes that are left, from the last 32, and zeros.
	VPXOR Y1, Y1, Y1
	VMOVDQU Y1, buffer-32(SP)
	CMPQ DX, $32
	JLT short
	VMOVDQU -32(SI)(DX*1), Y0
	VMOVDQU Y0, buffer-64(SP)
	MOVQ AX, R11
	SUBQ DX, R11 // the number of those that are left, below zero
	LEAQ buffer-32(SP), R12
	VMOVDQU (R12)(R11*1), Y0
	NEGQ R11
	MOVL $-1, BX
	BZHIL R11, BX, BX
	JMP store

short:
	// Both ends of the string, which meet.
	VMOVDQU (SI), X0
	VMOVDQU -16(SI)(DX*1), X1
	VMOVDQU X0, buffer-32(SP)
	VMOVDQU X1, buffer-48(SP)(DX*1)
	VMOVDQU buffer-32(SP), Y0
	MOVL $-1, BX
	BZHIL DX, BX, BX
	JMP store

// The digits of the bytes in a register, twelve in each half, as Wojciech Muła and Daniel Lemire make them in "Faster Base64 Encoding and Decoding
// Using AVX2 Instructions" (2018): four bytes around each group of three are multiplied so that each has six bits of it, and what these are as
// digits is what they are and an offset.
#define DIGITS(text) \
	VPSHUFB Y8, text, text; \
	VPAND Y9, text, Y1; \
	VPMULHUW Y10, Y1, Y1; \
	VPAND Y11, text, text; \
	VPMULLW Y12, text, text; \
	VPOR Y1, text, text; \
	VPSUBUSB Y13, text, Y1; \
	VPCMPGTB Y14, text, Y2; \
	VPSUBB Y2, Y1, Y1; \
	VPSHUFB Y1, Y15, Y1; \
	VPADDB Y1, text, text

// func base64Vectors(dst, src unsafe.Pointer, n int) (read int)
TEXT ·base64Vectors(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), DX
	VMOVDQU base64<>+0(SB), Y8
	VBROADCASTI128 base64<>+32(SB), Y15
	VPBROADCASTD base64<>+48(SB), Y9
	VPBROADCASTD base64<>+52(SB), Y10
	VPBROADCASTD base64<>+56(SB), Y11
	VPBROADCASTD base64<>+60(SB), Y12
	VPBROADCASTD base64<>+64(SB), Y13
	VPBROADCASTD base64<>+68(SB), Y14
	SUBQ $24, DX
	JLT half

groups:
	VMOVDQU (SI), X0
	VINSERTI128 $1, 8(SI), Y0, Y0
	DIGITS(Y0)
	VMOVDQU Y0, (DI)
	ADDQ $24, SI
	ADDQ $32, DI
	SUBQ $24, DX
	JGE groups

half:
	ADDQ $12, DX
	JLT done
	VMOVQ (SI), X0
	VPINSRD $2, 8(SI), X0, X0
	DIGITS(Y0)
	VMOVDQU X0, (DI)
	ADDQ $12, SI

done:
	SUBQ src+8(FP), SI
	MOVQ SI, read+24(FP)
	VZEROUPPER
	RET

DATA base64<>+0(SB)/8, $0x0405030401020001
DATA base64<>+8(SB)/8, $0x0A0B090A07080607
DATA base64<>+16(SB)/8, $0x0809070805060405
DATA base64<>+24(SB)/8, $0x0E0F0D0E0B0C0A0B
DATA base64<>+32(SB)/8, $0xFCFCFCFCFCFC4741
DATA base64<>+40(SB)/8, $0x0000F0EDFCFCFCFC
DATA base64<>+48(SB)/4, $0x0FC0FC00
DATA base64<>+52(SB)/4, $0x04000040
DATA base64<>+56(SB)/4, $0x003F03F0
DATA base64<>+60(SB)/4, $0x01000010
DATA base64<>+64(SB)/4, $0x33333333
DATA base64<>+68(SB)/4, $0x19191919
GLOBL base64<>(SB), RODATA|NOPTR, $72

// func cpuid(leaf, subleaf uint32) (a, b, c, d uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL subleaf+4(FP), CX
	CPUID
	MOVL AX, a+8(FP)
	MOVL BX, b+12(FP)
	MOVL CX, c+16(FP)
	MOVL DX, d+20(FP)
	RET

// func xgetbv() uint32
TEXT ·xgetbv(SB), NOSPLIT, $0-4
	XORL CX, CX
	XGETBV
	MOVL AX, ret+0(FP)
	RET
