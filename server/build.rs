//! Says when the web files that are part of the program have to be taken in anew: where one comes
//! to be, changes or goes. Makes nothing itself.

fn main() {
    println!("cargo::rerun-if-changed=../assets/web");
}
