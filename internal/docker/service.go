package docker

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// service is one of a Compose file.
type service struct {
	name   string
	fields map[string]any
	port   int
}

// ports are those at which programs listen that people have beside an app, by the last part
// of their image's name.
var ports = map[string]int{
	"postgres": 5432, "postgresql": 5432, "postgis": 5432, "pgvector": 5432, "timescaledb": 5432, "timescaledb-ha": 5432, "cockroach": 26257,
	"mysql": 3306, "mysql-server": 3306, "mariadb": 3306, "percona": 3306,
	"redis": 6379, "redis-stack": 6379, "redis-stack-server": 6379, "valkey": 6379, "keydb": 6379, "dragonfly": 6379, "memcached": 11211,
	"mongo": 27017, "mongodb": 27017, "mongodb-community-server": 27017, "couchdb": 5984, "cassandra": 9042, "scylla": 9042, "neo4j": 7687,
	"nats": 4222, "rabbitmq": 5672, "kafka": 9092, "cp-kafka": 9092, "redpanda": 9092, "eclipse-mosquitto": 1883,
	"elasticsearch": 9200, "opensearch": 9200, "meilisearch": 7700, "typesense": 8108, "qdrant": 6333,
	"minio": 9000, "clickhouse": 9000, "clickhouse-server": 9000, "influxdb": 8086,
	"etcd": 2379, "consul": 8500, "vault": 8200, "localstack": 4566, "mailpit": 1025, "mailhog": 1025,
}

// awaitedAt is the port at which an app should wait for the service, 0 for none: it exposes
// one, or its image is of a known program. One that is built here is part of the work, may
// be broken, and is not waited for; nor is one that is not started or not seen by its name.
func (s service) awaitedAt() int {
	if s.fields["build"] != nil || s.fields["profiles"] != nil || s.fields["network_mode"] != nil || !serviceName.MatchString(s.name) {
		return 0
	}
	exposed, _ := s.fields["expose"].([]any)
	for _, e := range exposed {
		if port := number(strings.TrimSuffix(fmt.Sprint(e), "/tcp")); port != 0 {
			return port
		}
	}
	image, _ := s.fields["image"].(string)
	return ports[program(image)]
}

// program is the last part of an image's name, without registry, tag and digest.
func program(image string) string {
	image, _, _ = strings.Cut(image, "@")
	image, _, _ = strings.Cut(path.Base(image), ":")
	return image
}

// number is a port, or 0.
func number(text string) int {
	n, _ := strconv.ParseUint(text, 10, 16)
	return int(n)
}

// networks are those in which the services can be reached, nil if Compose's own will do.
func networks(services []service) []string {
	var found []string
	for _, s := range services {
		switch listed := s.fields["networks"].(type) {
		case []any:
			for _, name := range listed {
				found = append(found, fmt.Sprint(name))
			}
		case map[string]any:
			found = slices.AppendSeq(found, maps.Keys(listed))
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.Sort(found)
	return slices.Compact(append([]string{"default"}, slices.DeleteFunc(found, func(name string) bool { return name == "default" })...))
}

// byDefault is a variable of Compose with the number that holds where it is not set.
var byDefault = regexp.MustCompile(`\$\{\w+:?-(\d+)\}`)

// published are the ports of this machine in a list like ["8080:80", "127.0.0.1:81:81"].
func published(list any) (found []int) {
	all, _ := list.([]any)
	for _, p := range all {
		if long, ok := p.(map[string]any); ok {
			found = append(found, number(byDefault.ReplaceAllString(fmt.Sprint(long["published"]), "$1")))
			continue
		}
		parts := strings.Split(byDefault.ReplaceAllString(fmt.Sprint(p), "$1"), ":")
		if len(parts) > 1 {
			found = append(found, number(parts[len(parts)-2]))
		}
	}
	return found
}
