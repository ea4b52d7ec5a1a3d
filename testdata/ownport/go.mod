module example.com/ownport

go 1.26.0
