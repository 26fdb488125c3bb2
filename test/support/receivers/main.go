// Receivers of log drains made of others' libraries: Heroku's own reader of Logplex batches, Graylog's of GELF datagrams.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
)

func main() {
	protocol := flag.String("protocol", "", "logplex or gelf-udp")
	address := flag.String("address", "", "host and port to listen on")
	out := flag.String("out", "", "file to append what arrives to, a JSON text a line")
	cert := flag.String("cert", "", "certificate, for logplex")
	key := flag.String("key", "", "its key")
	flag.Parse()

	file, err := os.OpenFile(*out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	if *protocol == "logplex" {
		err = receiveLogplex(*address, *cert, *key, file)
	} else {
		err = receiveDatagrams(*address, file)
	}
	if err != nil {
		log.Fatal(err)
	}
}

type line struct {
	Host     string   `json:"host"`
	Program  string   `json:"program"`
	Process  string   `json:"process"`
	Sequence *float64 `json:"sequence"`
	Text     string   `json:"text"`
}

// Said once the port is open.
func ready() {
	fmt.Println("listening")
}

// One write, so that whoever kills us finds all of it in the file or nothing.
func keep(file *os.File, what any) error {
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	return err
}
