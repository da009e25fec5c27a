//! The black-box tests: what users of respod and rpclient see, on the real binaries over real sockets.

// Everything in here is test code: a panic is how it reports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bad_lock_parameters;
mod data_directory;
mod database_tools;
mod deadlines_over_restarts;
mod definitions_of_done;
mod disconnects;
mod draining;
mod hidden_disconnects;
mod history_export;
mod http2;
mod inventory_reload;
mod inventory_replacement;
mod inventory_revisions;
mod inventory_store;
mod killed_clients;
mod linger;
mod many_waiters;
mod order;
mod overview;
mod planned_stop;
mod pools;
mod protocol_examples;
mod protocol_tables;
mod respod_flags;
mod restart;
mod routes;
mod rpclient_errors;
mod rpclient_inventory;
mod rpclient_lock;
mod rpclient_request_file;
mod rpclient_requirements;
mod rpclient_restarts;
mod rpclient_signals;
mod rpclient_views;
mod rpclient_waiting;
mod secrets;
mod selection;
mod systemd;
mod time_limits;
mod validate_schema;
mod vanished_peer;
