// SPDX-License-Identifier: Apache-2.0
//
// A client made with the Go package go-qemu: it sends each line of its input as a command and prints what comes back,
// then the events. Usage: go_qemu_client SOCKET EVENTS <COMMANDS
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/digitalocean/go-qemu/qmp"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Keep the events as they come: the client stands still while nobody takes them.
func collect(events <-chan qmp.Event, count int, done chan<- []string) {
	var names []string
	for len(names) < count {
		names = append(names, (<-events).Event)
	}
	done <- names
}

func main() {
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	monitor, err := qmp.NewSocketMonitor("unix", os.Args[1], 10*time.Second)
	check(err)
	check(monitor.Connect())
	version := monitor.Version.QEMU
	fmt.Printf("%d.%d.%d %s\n", version.Major, version.Minor, version.Micro, monitor.Version.Package)

	events, err := monitor.Events(context.Background())
	check(err)
	done := make(chan []string)
	go collect(events, count, done)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		reply, err := monitor.Run(lines.Bytes())
		if err != nil {
			fmt.Println("error:", err)
		} else {
			fmt.Println(string(reply))
		}
	}
	for _, name := range <-done {
		fmt.Println("event:", name)
	}
	check(monitor.Disconnect())
}
