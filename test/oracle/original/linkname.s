// Functions without a body, which go:linkname fills, want an assembly file in their package.
