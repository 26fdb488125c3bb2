// A web server that says which Go made it.
package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"

	"github.com/google/uuid"
)

var version = "unset"

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewSHA1(uuid.NameSpaceDNS, []byte("twelve.example"))
		fmt.Fprintf(w, "hello from %s, %s, version %s\n", runtime.Version(), id, version)
	})
	if err := http.ListenAndServe(":"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
