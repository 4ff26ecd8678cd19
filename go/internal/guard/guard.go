//go:build unix

// Package guard makes memory for tests in which an access beyond it ends the process.
package guard

import (
	"syscall"
	"testing"
)

// Memory returns at least size bytes, a number of whole pages, between two pages that must not be touched. They are there until the
// test ends.
func Memory(t testing.TB, size int) []byte {
	page := syscall.Getpagesize()
	size = (size + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(all) })
	memory := all[page:][:size:size]
	if err := syscall.Mprotect(memory, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	return memory
}
