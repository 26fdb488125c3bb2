// Package greeting is what both programs share.
package greeting

func Text(from string) string { return "hello from the " + from + "\n" }
