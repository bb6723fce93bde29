//! What people and programs get from the `mltrace` command, run as a process in a place of its own.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod env;
mod events;
mod export;
mod faults;

mod trace;

mod drawings;

mod lists;
mod long;

mod recording;

#[cfg(unix)]
mod arguments;

#[cfg(unix)]
mod folders;
#[cfg(unix)]
mod links;
mod names;
#[cfg(unix)]
mod observations;
mod on_disk;
#[cfg(unix)]
mod outputs;
mod parameters;

mod secrets;

mod verdicts;

mod many;
mod measures;
mod mlflow;
#[cfg(unix)]
mod profiles;

mod aliases;
mod blame;
mod clients;

mod compare;
mod exporters;
mod gate;
mod health;
mod subjects;
mod tasks;

mod uuids;
#[cfg(unix)]
mod variants;

mod impact;

mod diff;
mod dvc;

mod verify;

mod report;

mod stale;

mod monitoring;
mod moving;

mod upkeep;

mod place;
mod projects;
mod prometheus;

mod hostile;

#[cfg(unix)]
mod outside;
#[cfg(unix)]
mod strangers;
#[cfg(target_os = "linux")]
mod traced;

mod shell;

mod reference;

mod serve;

mod openapi;

// A process' memory is reported as Linux reports it.
#[cfg(target_os = "linux")]
mod fat;
#[cfg(target_os = "linux")]
mod heavy;
#[cfg(target_os = "linux")]
mod load;
