package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// A service is a program that runs until it is told to stop.
type service struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has
	err   error         // of its end
}

// start starts a program, which logs what is wrong and no more, unless the environment says otherwise.
func start(stderr *os.File, program string, args ...string) (*service, error) {
	s := &service{name: filepath.Base(program), cmd: exec.Command(program, args...), ended: make(chan struct{})}
	s.cmd.Env = append([]string{"FASTJSON_LOG=warn", "RUST_CACHE_SERVER_LOG_LEVEL=WARN"}, os.Environ()...)
	s.cmd.Stderr = stderr
	// Ctrl-C is for this process, which stops the services in their order; they are not to outlive it.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w (make %s builds it)", err, s.name)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	return s, nil
}

// wait waits until the service answers.
func (s *service) wait(ctx context.Context, timeout time.Duration, answers func() error) error {
	deadline := time.After(timeout)
	for {
		err := answers()
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return s.failure()
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return fmt.Errorf("%s does not answer: %w", s.name, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// failure says how a service ended that was not asked to.
func (s *service) failure() error {
	return fmt.Errorf("%s ended: %v", s.name, s.cmd.ProcessState)
}

// stop tells the service to stop, if it runs, and waits until it has.
func (s *service) stop() error {
	select {
	case <-s.ended:
		return nil // which has been told
	default:
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	<-s.ended
	if s.err != nil {
		return fmt.Errorf("%s: %w", s.name, s.err)
	}
	return nil
}
