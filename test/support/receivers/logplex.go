// Heroku's https drains: batches are read by Heroku's own library, and one that was stored is not stored again.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"

	"github.com/heroku/x/logplex/encoding"
)

type frame struct {
	Frame    string `json:"frame"`
	Token    string `json:"token"`
	Repeated bool   `json:"repeated"`
	Fault    string `json:"fault,omitempty"`
	Lines    []line `json:"lines"`
}

func receiveLogplex(address, cert, key string, file *os.File) error {
	stored, err := framesOf(file.Name())
	if err != nil {
		return err
	}
	var lock sync.Mutex
	handler := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		got, err := readFrame(request)
		lock.Lock()
		defer lock.Unlock()
		if err != nil {
			got.Fault = err.Error()
			_ = keep(file, got)
			http.Error(response, got.Fault, http.StatusBadRequest)
			return
		}
		if stored[got.Frame] {
			got.Repeated, got.Lines = true, nil
		}
		if err := keep(file, got); err != nil {
			http.Error(response, err.Error(), http.StatusInsufficientStorage)
			return
		}
		stored[got.Frame] = true
		response.WriteHeader(http.StatusNoContent)
	})
	server := &http.Server{Addr: address, Handler: handler}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go stopOnSignal(server, ended)
	ready()
	if err := server.ServeTLS(listener, cert, key); err != http.ErrServerClosed {
		return err
	}
	<-ended
	return nil
}

// In order: what is being read is answered first.
func stopOnSignal(server *http.Server, ended chan<- struct{}) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	<-asked
	_ = server.Shutdown(context.Background())
	close(ended)
}

func readFrame(request *http.Request) (frame, error) {
	head := request.Header
	got := frame{Frame: head.Get("Logplex-Frame-Id"), Token: head.Get("Logplex-Drain-Token")}
	if kind := head.Get("Content-Type"); kind != "application/logplex-1" {
		return got, fmt.Errorf("content type %q", kind)
	}
	scanner := encoding.NewDrainScanner(request.Body)
	for scanner.Scan() {
		message := scanner.Message()
		got.Lines = append(got.Lines, line{Host: message.Hostname, Program: message.Application, Process: message.Process, Text: message.Message})
	}
	if err := scanner.Err(); err != nil {
		return got, err
	}
	if count := head.Get("Logplex-Msg-Count"); count != strconv.Itoa(len(got.Lines)) {
		return got, fmt.Errorf("%s lines are promised, %d came", count, len(got.Lines))
	}
	return got, nil
}

func framesOf(path string) (map[string]bool, error) {
	known := map[string]bool{}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for _, one := range bytes.Split(text, []byte("\n")) {
		var got frame
		if json.Unmarshal(one, &got) == nil && got.Fault == "" {
			known[got.Frame] = true
		}
	}
	return known, nil
}
