//! A function without an end.

#[mltrace::register]
fn serve() -> ! {
    loop {
        std::thread::park();
    }
}

fn main() {}
