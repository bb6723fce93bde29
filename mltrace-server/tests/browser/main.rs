//! The pages in a real browser: what a person does from the first look to the culprit.

mod browser;

mod story;

mod triage;

mod hostile;
