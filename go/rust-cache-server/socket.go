package main

import (
	"errors"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of a loop never wait, so they need not tell Go's scheduler that they are about to; that is a part of what a small
// request costs. Receive and send do less on the way than read and write, too.

func receive(socket int, to []byte) (int, unix.Errno) {
	for {
		n, _, err := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(socket), uintptr(unsafe.Pointer(unsafe.SliceData(to))),
			uintptr(len(to)), unix.MSG_DONTWAIT, 0, 0)
		if err != unix.EINTR {
			return int(n), err
		}
	}
}

func send(socket int, data []byte) (int, unix.Errno) {
	for {
		n, _, err := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(socket), uintptr(unsafe.Pointer(unsafe.SliceData(data))),
			uintptr(len(data)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if err != unix.EINTR {
			return int(n), err
		}
	}
}

// takeOver takes a connection out of Go's hands, which would watch it too: each arrival would wake both up.
func takeOver(conn *net.TCPConn) (socket int, err error) {
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	failed := raw.Control(func(fd uintptr) { socket, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	return socket, errors.Join(failed, err)
}
