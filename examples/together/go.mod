module tandem.example/together

go 1.25.0
