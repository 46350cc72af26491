// The only program in the images of demo and tests: prints its arguments on one line and ends.
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	fmt.Println(strings.Join(os.Args[1:], " "))
}
