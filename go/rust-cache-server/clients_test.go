package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

func TestGoRedis(t *testing.T) {
	server := start(t, config{Password: "secret"})
	ctx := context.Background()
	for protocol := 2; protocol <= 3; protocol++ {
		client := redis.NewClient(&redis.Options{Addr: server.addr(), Password: "secret", Protocol: protocol, ClientName: "test"})
		defer client.Close()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
		}
		must(client.FlushAll(ctx).Err())
		must(client.Set(ctx, "a", "1", time.Minute).Err())
		if v, err := client.Get(ctx, "a").Result(); v != "1" || err != nil {
			t.Error(v, err)
		}
		if err := client.Get(ctx, "none").Err(); !errors.Is(err, redis.Nil) {
			t.Error(err)
		}
		if ttl, err := client.TTL(ctx, "a").Result(); ttl != time.Minute || err != nil {
			t.Error(ttl, err)
		}
		if ok, err := client.SetNX(ctx, "a", "2", 0).Result(); ok || err != nil {
			t.Error(ok, err)
		}
		if old, err := client.SetArgs(ctx, "a", "2", redis.SetArgs{Get: true, KeepTTL: true}).Result(); old != "1" || err != nil {
			t.Error(old, err)
		}
		replies, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i := range 1000 {
				pipe.Set(ctx, fmt.Sprint("k", i), strings.Repeat("x", i), 0)
				pipe.Incr(ctx, "n")
			}
			return nil
		})
		if len(replies) != 2000 || err != nil {
			t.Error(len(replies), err)
		}
		if v, err := client.MGet(ctx, "k3", "none", "n").Result(); fmt.Sprint(v) != "[xxx <nil> 1000]" || err != nil {
			t.Error(v, err)
		}
		replies, err = client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.MSet(ctx, "t", "1", "u", "2")
			pipe.Expire(ctx, "t", time.Minute)
			pipe.IncrByFloat(ctx, "t", 0.5)
			return nil
		})
		if len(replies) != 3 || err != nil || replies[2].(*redis.FloatCmd).Val() != 1.5 {
			t.Error(replies, err)
		}
		err = client.Watch(ctx, func(tx *redis.Tx) error {
			must(client.Set(ctx, "u", "other", 0).Err())
			_, err := tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error { return pipe.Set(ctx, "u", "mine", 0).Err() })
			return err
		}, "u")
		if v := client.Get(ctx, "u").Val(); !errors.Is(err, redis.TxFailedErr) || v != "other" {
			t.Error(v, err)
		}
		n := 0
		for keys := client.Scan(ctx, 0, "k*", 100).Iterator(); keys.Next(ctx); n++ {
			must(keys.Err())
		}
		if n != 1000 {
			t.Errorf("SCAN lists %d keys", n)
		}
		if name, err := client.ClientGetName(ctx).Result(); name != "test" || err != nil {
			t.Error(name, err)
		}
		if info, err := client.Command(ctx).Result(); info["get"] == nil || err != nil {
			t.Error(info["get"], err)
		}
		if settings, err := client.ConfigGet(ctx, "max*").Result(); settings["maxclients"] != "10000" || err != nil {
			t.Error(settings, err)
		}
		if info, err := client.Info(ctx, "server").Result(); !strings.Contains(info, "redis_version:7.") || err != nil {
			t.Error(info, err)
		}
	}
}

func TestRueidis(t *testing.T) {
	server := start(t, config{Password: "secret"})
	ctx := context.Background()
	// Its cache in the client's memory needs CLIENT TRACKING, which there is not.
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{server.addr()}, Password: "secret", ClientName: "test", DisableCache: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Do(ctx, client.B().Set().Key("a").Value("1").Nx().ExSeconds(60).Build()).Error(); err != nil {
		t.Error(err)
	}
	if v, err := client.Do(ctx, client.B().Get().Key("a").Build()).ToString(); v != "1" || err != nil {
		t.Error(v, err)
	}
	if err := client.Do(ctx, client.B().Get().Key("none").Build()).Error(); !rueidis.IsRedisNil(err) {
		t.Error(err)
	}
	var commands rueidis.Commands
	for range 1000 {
		commands = append(commands, client.B().Incr().Key("n").Build())
	}
	for i, reply := range client.DoMulti(ctx, commands...) {
		if n, err := reply.ToInt64(); n != int64(i+1) || err != nil {
			t.Fatal(n, err)
		}
	}
	if v, err := rueidis.MGet(client, ctx, []string{"a", "n"}); len(v) != 2 || err != nil {
		t.Error(v, err)
	}
	if entry, err := client.Do(ctx, client.B().Scan().Cursor(0).Count(100).Build()).AsScanEntry(); len(entry.Elements) != 2 || err != nil {
		t.Error(entry, err)
	}
}
