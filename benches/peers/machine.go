package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Machine is where and with what versions a report was made.
type Machine struct {
	Time time.Time `json:"time"`
	Go   string    `json:"go"`
	// Platform is operating system and architecture.
	Platform  string `json:"platform"`
	Processor string `json:"processor"`
	// Threads is how many threads run Go code at once.
	Threads int `json:"threads"`
	// LoadBefore and LoadAfter are how many threads wanted to run in the last minute: figures of a busy machine
	// tell little.
	LoadBefore string `json:"load_before"`
	LoadAfter  string `json:"load_after"`
	// Modules are the versions of the peers.
	Modules map[string]string `json:"modules"`
}

func thisMachine() Machine {
	m := Machine{
		Time:       time.Now().UTC().Truncate(time.Second),
		Go:         runtime.Version(),
		Platform:   runtime.GOOS + "/" + runtime.GOARCH,
		Processor:  processor(),
		Threads:    runtime.GOMAXPROCS(0),
		LoadBefore: load(),
		Modules:    map[string]string{},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			m.Modules[dependency.Path] = dependency.Version
		}
	}
	return m
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %s, %s, %d threads, load %s before and %s after",
		m.Go, m.Platform, m.Processor, m.Threads, m.LoadBefore, m.LoadAfter)
}

// load is the load average of the last minute, where the system tells.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	average, _, _ := strings.Cut(string(text), " ")
	return average
}

// processor is the processor's name, where the system tells.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
