//! An output that only a closure binds.

#[mltrace::register(outputs = [shard])]
fn split(parts: &[u8]) -> Vec<String> {
    parts
        .iter()
        .map(|part| {
            let shard = format!("part-{part}.csv");
            shard
        })
        .collect()
}

fn main() {}
