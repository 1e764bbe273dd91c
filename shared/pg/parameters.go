package pg

import "strings"

// usage says what Parse does with a parameter of a database URL.
type usage int

const (
	unknown usage = iota // Parse does not know it and returns an error
	used                 // Parse passes it on to pgx, which uses it or sends it to Postgres
	ignored              // it is for another driver, and Parse drops it
	noTLS                // it means sslmode=disable, in the form of node-postgres
	schema               // it names the schema of the tables: Parse returns an error that asks for the setting SCHEMA
)

// usage returns what Parse does with p.
func (p parameter) usage() usage {
	switch p.name {
	case "schema", "currentSchema", "schema_search_path":
		if p.value == "public" {
			return ignored
		}
		return schema
	case "ssl":
		switch strings.ToLower(p.value) {
		case "true":
			return used
		case "false", "0", "off", "no", "disable":
			return noTLS
		}
		return ignored // such as require and no-verify: Parse verifies certificates anyway
	case "client_encoding", "encoding", "charset":
		switch strings.ToLower(p.value) {
		case "utf8", "utf-8", "unicode", "auto":
			return ignored
		}
		return unknown
	}
	return usageByName[p.name]
}

// usageByName maps the names in usedParameterNames and ignoredParameterNames to what Parse does with them.
var usageByName = func() map[string]usage {
	all := map[string]usage{}
	for _, name := range strings.Fields(usedParameterNames) {
		all[name] = used
	}
	for _, name := range strings.Fields(ignoredParameterNames) {
		all[name] = ignored
	}
	return all
}()

// usedParameterNames are parameters that Parse passes on: connection parameters of pgx and libpq, and settings of
// Postgres.
const usedParameterNames = `
	host port user password dbname database passfile service servicefile connect_timeout target_session_attrs
	sslmode sslcert sslkey sslpassword sslrootcert sslcertmode sslnegotiation sslsni channel_binding require_auth
	krbspn krbsrvname min_protocol_version max_protocol_version
	application_name options search_path statement_timeout lock_timeout idle_in_transaction_session_timeout
	idle_session_timeout transaction_timeout timezone TimeZone datestyle DateStyle intervalstyle IntervalStyle
	extra_float_digits standard_conforming_strings work_mem synchronous_commit default_transaction_isolation`

// ignoredParameterNames are parameters of other drivers and of hosting providers, one paragraph for each group of them.
// Most configure pools, statement caches and sockets, which Xenon configures itself or does not have.
const ignoredParameterNames = `
	pgbouncer connection_limit pool_timeout socket_timeout statement_cache_size sslaccept single_use_connections
	max_connection_lifetime max_idle_connection_lifetime

	uselibpqcompat fallback_application_name query_timeout connectionTimeoutMillis idleTimeoutMillis keepAlive
	keepAliveInitialDelayMillis max min maxUses maxLifetimeSeconds allowExitOnIdle enableChannelBinding poolSize
	connectionLimit idle_timeout max_lifetime keep_alive max_pipeline prepare fetch_types backoff debug

	supa workaround fetchConnectionCache pipelineConnect

	gssencmode gsslib gssdelegation keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout
	sslcompression load_balance_hosts

	pool_max_conns pool_min_conns pool_min_idle_conns pool_max_conn_lifetime pool_max_conn_lifetime_jitter
	pool_max_conn_idle_time pool_health_check_period default_query_exec_mode statement_cache_capacity
	description_cache_capacity statement_cache_mode prefer_simple_protocol binary_parameters
	disable_prepared_binary_result

	pool pool_size pool_recycle pool_pre_ping max_overflow prepared_statement_cache_size prepared_statements
	prepare_threshold command_timeout async_fallback conn_max_age reaping_frequency checkout_timeout advisory_locks
	serverVersion queue_target queue_interval statement-cache-capacity

	prepareThreshold preparedStatementCacheQueries preparedStatementCacheSizeMiB reWriteBatchedInserts loginTimeout
	socketTimeout connectTimeout tcpKeepAlive defaultRowFetchSize stringtype ApplicationName`
