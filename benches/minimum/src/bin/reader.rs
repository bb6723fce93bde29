//! Opens a store and reads the rows that a trace is made of: `reader STORE ARTIFACT`.
#![expect(clippy::print_stdout, reason = "what was read is the answer")]

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let store = arguments.next().expect("a store");
    let artifact = arguments.next().expect("an artifact").into_string().expect("a name in UTF-8");
    let store = rusqlite::Connection::open(store).expect("the store opens");
    for row in mltrace_minimum::walk(&store, &[&artifact]) {
        println!("{row:?}");
    }
}
