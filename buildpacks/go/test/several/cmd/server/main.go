// The web process of an app with two programs.
package main

import (
	"net/http"
	"os"

	"example.com/several/greeting"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(greeting.Text("server"))) })
	panic(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
