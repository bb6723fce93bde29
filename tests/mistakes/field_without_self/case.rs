//! A field, and a returned value, by other names than theirs.

struct Step {
    dir: String,
}

impl Step {
    #[mltrace::register(inputs = [dir], outputs = [Return])]
    fn clean(&self) -> String {
        self.dir.clone()
    }
}

fn main() {}
