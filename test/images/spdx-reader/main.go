// Reads an SPDX document from its standard input with SPDX's own library, checks it, and prints its packages.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/spdxlib"
)

func main() {
	document := &spdx.Document{}
	if err := json.ReadInto(os.Stdin, document); err != nil {
		log.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(document); err != nil {
		log.Fatal(err)
	}
	for _, found := range document.Packages {
		fmt.Println(found.PackageName + "@" + found.PackageVersion)
	}
}
