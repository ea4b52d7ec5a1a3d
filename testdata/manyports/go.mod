module example.com/manyports

go 1.26.0
