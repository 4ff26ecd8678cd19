//go:build cgo

package cache_test

import (
	"fmt"
	"time"

	"tandem.example/go/cache"
)

func ExampleCache_Latencies() {
	names, err := cache.New(cache.Options[int, string]{RecordLatencies: true})
	if err != nil {
		panic(err)
	}
	defer names.Close()
	names.Set(1, "ada")
	names.Get(1)
	names.Get(2)

	latencies, _ := names.Latencies()
	fmt.Println(latencies.Get.Count(), latencies.Set.Count())
	fmt.Println(latencies.Get.Quantile(0.5) <= latencies.Get.Quantile(1))
	fmt.Println(latencies.Get.Sum() > 0)
	// Output:
	// 2 1
	// true
	// true
}

func ExampleHistogram_Within() {
	names, err := cache.New(cache.Options[int, string]{RecordLatencies: true})
	if err != nil {
		panic(err)
	}
	defer names.Close()
	names.Get(1)
	latencies, _ := names.Latencies()
	fmt.Println(latencies.Get.Within(0), latencies.Get.Within(time.Hour))
	// Output: 0 1
}

func ExampleHistogram_All() {
	names, err := cache.New(cache.Options[int, string]{RecordLatencies: true})
	if err != nil {
		panic(err)
	}
	defer names.Close()
	for range 100 {
		names.Get(1)
	}
	latencies, _ := names.Latencies()
	total := uint64(0)
	for _, count := range latencies.Get.All() {
		total += count
	}
	fmt.Println(total, latencies.Get.Count())
	// Output: 100 100
}

func ExampleHistogram_Quantile() {
	names, err := cache.New(cache.Options[int, string]{RecordLatencies: true})
	if err != nil {
		panic(err)
	}
	defer names.Close()
	names.Get(1)
	latencies, _ := names.Latencies()
	fmt.Println(latencies.Get.Quantile(0.999) < time.Minute)
	// Output: true
}
