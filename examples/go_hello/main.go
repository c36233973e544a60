// A web app in Go that listens on $PORT.
package main

import (
	"fmt"
	"html"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		user := request.Header.Get("X-Clace-User")
		fmt.Fprintf(answer, "Hello, %s!\n", html.EscapeString(user))
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
