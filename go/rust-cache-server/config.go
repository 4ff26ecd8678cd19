package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kong"
)

// A config is what --help lists. Flags come before environment variables, these before the config file.
type config struct {
	Addr     string          `default:"127.0.0.1:7379" placeholder:"HOST:PORT" help:"Where to speak Redis's protocol (${default})."`
	HTTP     string          `default:"127.0.0.1:7380" placeholder:"HOST:PORT" help:"Where to speak HTTP (${default}); \"off\" for nowhere."`
	MaxBytes size            `placeholder:"SIZE" help:"Most memory that the cache may hold, everything counted, such as 512MiB or 2GB (a quarter of this machine's, or of the container's). Old entries make room for new ones."`
	Password string          `placeholder:"TEXT" help:"What clients have to send with AUTH, or over HTTP as a bearer token. Needed to listen on more than loopback. Better in the environment, where other users do not see it."`
	Snapshot string          `placeholder:"FILE" help:"Where to keep the entries between a stop and the next start. A start takes the file away, as later changes are not in it."`
	Threads  int             `placeholder:"N" help:"How many threads serve Redis's protocol (half as many as there are processors: the system needs as much for the network, and one does some 100,000 requests a second, or 1,000,000 in pipelines)."`
	Config   kong.ConfigFlag `placeholder:"FILE" help:"A JSON file of these settings, such as {\"max-bytes\": \"2GB\", \"max-clients\": 500}."`
	LogLevel slog.Level      `default:"INFO" placeholder:"LEVEL" help:"DEBUG, INFO, WARN or ERROR (${default})."`

	MaxClients      int           `group:"limits" default:"10000" placeholder:"N" help:"Most clients at once (${default})."`
	MaxRequest      size          `group:"limits" default:"64MiB" placeholder:"SIZE" help:"Longest request, and with it the longest value (${default})."`
	MaxBacklog      size          `group:"limits" default:"256MiB" placeholder:"SIZE" help:"Most replies that wait for one client which sends requests, in a pipeline say, but does not read (${default})."`
	IdleTimeout     time.Duration `group:"limits" default:"30m" placeholder:"TIME" help:"End connections that have sent nothing for so long (${default}); 0 for never."`
	RequestTimeout  time.Duration `group:"limits" default:"1m" placeholder:"TIME" help:"End connections whose request takes longer to arrive (${default}); 0 for never."`
	WriteTimeout    time.Duration `group:"limits" default:"30s" placeholder:"TIME" help:"End connections that do not take 256 KiB of replies in this time (${default})."`
	ShutdownTimeout time.Duration `group:"limits" default:"10s" placeholder:"TIME" help:"How long clients have to take their last replies when the server stops (${default})."`

	Version kong.VersionFlag `env:"-" help:"Print the version."`
}

const description = `A cache server: Redis's protocol and HTTP in front of Tandem's cache.

It needs no flags: start it, then try

  redis-cli -p 7379 set greeting hello EX 60
  curl http://127.0.0.1:7380/v1/cache/greeting

Strings and their commands are there (GET SET MGET INCR EXPIRE SCAN MULTI and so on, listed by COMMAND LIST), with the replies of Redis 7.
It stops on Ctrl-C or SIGTERM, when clients have their replies and the snapshot is written, if there is to be one.

A setting --max-bytes is also RUST_CACHE_SERVER_MAX_BYTES in the environment, and "max-bytes" in the file that --config names.
Flags come first, then the environment, then the file.`

// parseConfig parses the command line. It ends the process for --help and --version.
func parseConfig(args []string, stdout, stderr io.Writer) (config, error) {
	var c config
	parser, err := kong.New(&c,
		kong.Name("rust-cache-server"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 110}),
		kong.ExplicitGroups([]kong.Group{{Key: "limits", Title: "Limits:"}}),
		kong.DefaultEnvars("RUST_CACHE_SERVER"),
		kong.ValueFormatter(func(value *kong.Value) string { return value.Help }), // without the name of each variable
		kong.Configuration(configFile),
		kong.Vars{"version": version()},
		kong.Writers(stdout, stderr))
	if err != nil {
		return c, err
	}
	if _, err := parser.Parse(args); err != nil {
		return c, fmt.Errorf("%w (--help lists the flags)", err)
	}
	return c, c.check()
}

func (c *config) check() error {
	if c.HTTP == "off" {
		c.HTTP = ""
	}
	for _, s := range []struct{ flag, addr string }{{"--addr", c.Addr}, {"--http", c.HTTP}} {
		if s.addr == "" && s.flag == "--http" {
			continue
		}
		addr, err := net.ResolveTCPAddr("tcp", s.addr)
		if err != nil {
			return fmt.Errorf("%s %s: %w", s.flag, s.addr, err)
		}
		if !addr.IP.IsLoopback() && c.Password == "" {
			return fmt.Errorf("%s %s can be reached from other machines, which needs a password: set RUST_CACHE_SERVER_PASSWORD, "+
				"or listen on 127.0.0.1", s.flag, s.addr)
		}
	}
	if c.MaxBytes == 0 {
		memory, err := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)()
		if err != nil {
			return fmt.Errorf("how much memory there is can't be told, so --max-bytes is needed: %w", err)
		}
		c.MaxBytes = size(memory / 4)
	}
	if c.Threads == 0 {
		c.Threads = max(1, runtime.GOMAXPROCS(0)/2)
	}
	switch {
	case c.Threads < 0:
		return errors.New("--threads must not be negative")
	case c.MaxBytes < 64<<10:
		return errors.New("--max-bytes must be 64KiB or more")
	case c.MaxClients < 1:
		return errors.New("--max-clients must be 1 or more")
	case c.MaxRequest < 1<<10 || c.MaxRequest > 1<<30:
		return errors.New("--max-request must be between 1KiB and 1GiB")
	case c.MaxBacklog < 1<<20 || c.MaxBacklog > 1<<40:
		return errors.New("--max-backlog must be between 1MiB and 1TiB")
	case c.IdleTimeout < 0 || c.RequestTimeout < 0:
		return errors.New("--idle-timeout and --request-timeout must not be negative")
	case c.WriteTimeout <= 0 || c.ShutdownTimeout <= 0:
		return errors.New("--write-timeout and --shutdown-timeout must be more than 0")
	}
	return nil
}

// A fileConfig has the settings of a config file by the names of their flags.
type fileConfig map[string]any

func configFile(r io.Reader) (kong.Resolver, error) {
	decoder := json.NewDecoder(r)
	decoder.UseNumber()
	var settings fileConfig
	err := decoder.Decode(&settings)
	if _, end := decoder.Token(); err == nil && (settings == nil || end != io.EOF) {
		err = errors.New("it is something else, or more")
	}
	if err != nil {
		return nil, fmt.Errorf("the config file has to be a JSON object of settings: %w", err)
	}
	for name, value := range settings {
		switch value.(type) {
		case string, json.Number:
		default:
			return nil, fmt.Errorf("the config file's %q must be a string or a number", name)
		}
	}
	return settings, nil
}

// Validate refuses names that are no settings.
func (f fileConfig) Validate(app *kong.Application) error {
	for name := range f {
		if !slices.ContainsFunc(app.Flags, func(flag *kong.Flag) bool { return flag.Name == name }) {
			return fmt.Errorf("the config file has %q, which is no setting", name)
		}
	}
	return nil
}

// Resolve returns the file's value of a flag that is neither on the command line nor in the environment.
func (f fileConfig) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, found := f[flag.Name]
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			found = false
		}
	}
	if !found {
		return nil, nil
	}
	return fmt.Sprint(value), nil
}

// A size is a number of bytes.
type size int64

var units = []struct {
	suffix string
	bytes  int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40},
	{"b", 1}, {"", 1},
}

// UnmarshalText parses 1048576, 1MiB, 1M (which are the same) or 1MB, with letters of any case.
func (s *size) UnmarshalText(text []byte) error {
	lower := strings.ToLower(strings.TrimSpace(string(text)))
	for _, unit := range units {
		number, ok := strings.CutSuffix(lower, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n >= 0 && n*float64(unit.bytes) < 1<<62) {
			break
		}
		*s = size(n * float64(unit.bytes))
		return nil
	}
	return fmt.Errorf("%q is not a size such as 64MiB, 2GB or 1048576", text)
}

// version returns the version that the program was built as.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
