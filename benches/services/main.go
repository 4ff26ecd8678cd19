// Command services measures fastjson-api beside what it could be: a handler of the same framework that has nothing to do
// but to send a constant, and the same route as a Go service would have it.
//
// Contenders take turns, so that a busy minute of the machine hits all alike, and the best round of each counts.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// A contender serves the document at /v1/products/1.
type contender struct {
	name    string
	command []string
	address string
	process *exec.Cmd
	rounds  []round
}

// A round is what one run of wrk gives.
type round struct {
	perSecond float64
	latency   string        // of 99 % of the requests
	cpu       time.Duration // of the contender, for each request
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		exit(serve(os.Args[2], os.Args[3]))
	}
	rounds := flag.Int("rounds", 5, "how often each contender gets its turn")
	duration := flag.Duration("duration", 3*time.Second, "how long a turn takes")
	connections := flag.Int("connections", 64, "how many connections there are at once")
	fastjson := flag.String("fastjson-api", "../../bin/fastjson-api", "the service")
	constant := flag.String("constant", "../../bin/constant", "the handler that sends a constant")
	flag.Parse()
	exit(run(*rounds, *duration, *connections, *fastjson, *constant))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-services:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(rounds int, duration time.Duration, connections int, fastjson, constant string) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return errors.New("wrk is missing: install it with the system's packages (Debian: apt-get install wrk)")
	}
	folder, err := os.MkdirTemp("", "services")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	text := document()
	file := filepath.Join(folder, "document.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	contenders := []*contender{
		{name: "fastjson-api", command: []string{fastjson, "--log", "warn", "--db", filepath.Join(folder, "a.db"), "--addr"}},
		{name: "actix-web, constant", command: []string{constant, file}},
		{name: "Go, encoding/json, SQLite", command: []string{self, "serve", filepath.Join(folder, "go.db")}},
	}
	for _, c := range contenders {
		if err := c.start(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		defer c.stop()
		if err := c.check(text); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for range rounds {
		for _, c := range contenders {
			if err := c.measure(duration, connections); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	fmt.Printf("GET of %d bytes, wrk with %d connections, %d rounds of %v each, %s, %d processors, load %s\n\n",
		len(text), connections, rounds, duration, runtime.Version(), runtime.NumCPU(), load())
	return report(os.Stdout, contenders)
}

// document is an object of 1 KiB with texts, numbers and nesting, without white space.
func document() []byte {
	value := map[string]any{
		"id": 1, "name": "Sencha \"first flush\"", "price": 7.90, "stock": 1234, "organic": true, "origin": nil,
		"tags":  []string{"green", "loose", "spring", "steamed"},
		"maker": map[string]any{"name": "Café Überall", "since": 1987, "location": []any{34.9756, 138.3827}},
	}
	var list []any
	for i := range 6 {
		list = append(list, map[string]any{"sku": fmt.Sprint("sku-", 1000+i), "grams": 50 << i, "price": 3.95 * float64(i+1)})
	}
	value["variants"] = list
	value["description"] = ""
	short, _ := json.Marshal(value) // maps of strings and numbers have JSON
	value["description"] = strings.Repeat("x", 1024-len(short))
	text, _ := json.Marshal(value)
	return text
}

// start has the system choose a port, and waits until something listens there.
func (c *contender) start() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	c.process = exec.Command(c.command[0], append(c.command[1:], c.address)...)
	c.process.Stderr = os.Stderr
	if err := c.process.Start(); err != nil {
		return err
	}
	for range 500 {
		connection, err := net.Dial("tcp", c.address)
		if err == nil {
			return connection.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("it does not listen")
}

func (c *contender) stop() {
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
}

func (c *contender) url() string {
	return "http://" + c.address + "/v1/products/1"
}

// check stores the document, and looks whether it comes back.
func (c *contender) check(text []byte) error {
	request, err := http.NewRequest(http.MethodPut, c.url(), bytes.NewReader(text))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	// The constant is there already.
	if response, err = http.Get(c.url()); err != nil {
		return err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var a, b any
	isJSON := json.Unmarshal(text, &a) == nil && json.Unmarshal(got, &b) == nil
	if response.StatusCode != http.StatusOK || !isJSON || !reflect.DeepEqual(a, b) {
		return fmt.Errorf("it answers %s and %.100q", response.Status, got)
	}
	return nil
}

var (
	perSecond = regexp.MustCompile(`Requests/sec: +([0-9.]+)`)
	requests  = regexp.MustCompile(`([0-9]+) requests in`)
	slowest   = regexp.MustCompile(`99% +(\S+)`)
	failures  = regexp.MustCompile(`(?m)^ *(Socket errors|Non-2xx).*`)
)

func (c *contender) measure(duration time.Duration, connections int) error {
	before, err := c.cpu()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), duration+time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "wrk", "--latency", "-t", strconv.Itoa(min(runtime.NumCPU(), connections)),
		"-c", strconv.Itoa(connections), "-d", fmt.Sprintf("%.0fs", duration.Seconds()), c.url())
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("wrk: %w: %s", err, output)
	}
	if failure := failures.Find(output); failure != nil {
		return fmt.Errorf("wrk: %s", bytes.TrimSpace(failure))
	}
	after, err := c.cpu()
	if err != nil {
		return err
	}
	rate, count := perSecond.FindSubmatch(output), requests.FindSubmatch(output)
	latency := slowest.FindSubmatch(output)
	if rate == nil || count == nil || latency == nil {
		return fmt.Errorf("wrk says %s", output)
	}
	r := round{latency: string(latency[1])}
	if r.perSecond, err = strconv.ParseFloat(string(rate[1]), 64); err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(count[1]), 10, 64)
	if err != nil || n == 0 {
		return fmt.Errorf("wrk says %s", output)
	}
	r.cpu = (after - before) / time.Duration(n)
	c.rounds = append(c.rounds, r)
	return nil
}

// cpu is the time that processors spent on the contender, from its stat in /proc, whose ticks are hundredths of a second.
func (c *contender) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc has %q", stat)
	}
	var ticks int64
	for _, field := range fields[11:13] { // in the program, and in the system for it
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// report prints a table, and how the first contender compares with the others.
func report(w io.Writer, contenders []*contender) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tbest/s\tmedian/s\t99 % within\tprocessor time\tfastjson-api is\taim\t")
	best := func(c *contender) round {
		return slices.MaxFunc(c.rounds, func(a, b round) int { return int(a.perSecond - b.perSecond) })
	}
	first := best(contenders[0])
	for i, c := range contenders {
		rates, least := []float64{}, c.rounds[0].cpu
		for _, r := range c.rounds {
			rates, least = append(rates, r.perSecond), min(least, r.cpu)
		}
		slices.Sort(rates)
		ratio := ""
		if i > 0 {
			ratio = fmt.Sprintf("%.2f x", first.perSecond/best(c).perSecond)
		}
		fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%s\t%.1f µs\t%s\t%s\t\n", c.name, best(c).perSecond, rates[len(rates)/2],
			best(c).latency, float64(least.Nanoseconds())/1e3, ratio, []string{"", "0.90 x", "4.00 x"}[i])
	}
	return table.Flush()
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
