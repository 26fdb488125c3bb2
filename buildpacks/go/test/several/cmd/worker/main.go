// The other process of an app with two programs.
package main

import (
	"os"

	"example.com/several/greeting"
)

func main() { os.Stdout.WriteString(greeting.Text("worker")) }
