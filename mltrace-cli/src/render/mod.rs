//! From answers to what people and programs read; every name is escaped on its way to text.

pub(crate) mod trace;

pub(crate) mod impact;

pub(crate) mod diff;

pub(crate) mod blame;

pub(crate) mod last_good;

pub(crate) mod verify;

pub(crate) mod report;

pub(crate) mod stale;

pub(crate) mod measures;
pub(crate) mod observations;

pub(crate) mod profile;

pub(crate) mod alias;

pub(crate) mod subject;

pub(crate) mod task;

pub(crate) mod gate;

pub(crate) mod health;

pub(crate) mod compare;

pub(crate) mod runs;

pub(crate) mod run;

pub(crate) mod components;

pub(crate) mod review;

pub(crate) mod doctor;

pub(crate) mod table;

pub(crate) mod cut;

pub(crate) mod dot;

pub(crate) mod mermaid;

pub(crate) mod json;

pub(crate) mod paint;

mod graph;

mod page;

mod markdown;

mod html;

mod svg;

mod tree;
