//! Prints the JSON Schema of the inventory, as committed in `docs/inventory.schema.json`:
//!
//! ```sh
//! cargo run -p respo --example inventory_schema > docs/inventory.schema.json
//! ```

fn main() {
    println!("{:#}", respo::yaml::json_schema());
}
