module tandem.example/go

go 1.25
