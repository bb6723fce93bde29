//! The pages in a real browser: what a person does from the first look to the culprit.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod browser;

mod story;

mod busy;

mod triage;

mod pages;

mod hostile;

mod drawing;
