// GELF over UDP, read by Graylog's own library: datagrams alone and in pieces.
package main

import (
	"os"

	"gopkg.in/Graylog2/go-gelf.v2/gelf"
)

func receiveDatagrams(address string, file *os.File) error {
	reader, err := gelf.NewReader(address)
	if err != nil {
		return err
	}
	ready()
	for {
		message, err := reader.ReadMessage()
		if err != nil {
			return err
		}
		if err := keep(file, lineOf(message)); err != nil {
			return err
		}
	}
}

func lineOf(message *gelf.Message) line {
	text := func(name string) string {
		value, _ := message.Extra[name].(string)
		return value
	}
	got := line{Host: message.Host, Program: text("_source_kind"), Process: text("_process"), Text: message.Short}
	if sequence, ok := message.Extra["_sequence"].(float64); ok {
		got.Sequence = &sequence
	}
	return got
}
