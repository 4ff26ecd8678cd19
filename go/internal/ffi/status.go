//go:build cgo

package ffi

// #include "tandem_go.h"
import "C"

// Status is what a function of the library returned.
type Status uint32

// The statuses of the ABI; tandem.h says what each means.
const (
	OK              Status = C.TANDEM_STATUS_OK
	InvalidArgument Status = C.TANDEM_STATUS_INVALID_ARGUMENT
	Panic           Status = C.TANDEM_STATUS_PANIC
	OutOfMemory     Status = C.TANDEM_STATUS_OUT_OF_MEMORY
	BufferTooSmall  Status = C.TANDEM_STATUS_BUFFER_TOO_SMALL
	Syntax          Status = C.TANDEM_STATUS_SYNTAX
	Mismatch        Status = C.TANDEM_STATUS_MISMATCH
	NotFound        Status = C.TANDEM_STATUS_NOT_FOUND
	TooLarge        Status = C.TANDEM_STATUS_TOO_LARGE
	Closed          Status = C.TANDEM_STATUS_CLOSED
	Incomplete      Status = C.TANDEM_STATUS_INCOMPLETE
	DuplicateName   Status = C.TANDEM_STATUS_DUPLICATE_NAME
	InvalidUTF8     Status = C.TANDEM_STATUS_INVALID_UTF8
	TooDeep         Status = C.TANDEM_STATUS_TOO_DEEP
	Conflict        Status = C.TANDEM_STATUS_CONFLICT
	NotNumber       Status = C.TANDEM_STATUS_NOT_NUMBER
	Overflow        Status = C.TANDEM_STATUS_OVERFLOW
	NotSnapshot     Status = C.TANDEM_STATUS_NOT_SNAPSHOT
	SnapshotVersion Status = C.TANDEM_STATUS_SNAPSHOT_VERSION
	SnapshotTag     Status = C.TANDEM_STATUS_SNAPSHOT_TAG
	SnapshotDamaged Status = C.TANDEM_STATUS_SNAPSHOT_DAMAGED
)

// Error describes a failure of the library.
type Error struct {
	Status  Status
	Offset  int
	Message string
}

func (e *Error) Error() string { return "tandem: " + e.Message }

// failure makes a Go error of what the library reported.
func failure(e *C.tandem_error) *Error {
	return &Error{
		Status:  Status(e.status),
		Offset:  int(e.offset),
		Message: C.GoStringN(&e.message[0], C.int(e.message_length)),
	}
}
