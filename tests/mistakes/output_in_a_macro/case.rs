//! An output that only a macro's tokens bind.

macro_rules! run {
    ($($body:tt)*) => { $($body)* };
}

#[mltrace::register(outputs = [shard])]
fn split() {
    run! {
        let shard = "part.csv";
        let _ = shard;
    }
}

fn main() {}
