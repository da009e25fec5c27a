//! The inventories that the tests use.

/// One bench.
pub const ONE_BENCH: &str = r#"
pool:
  name: lab
  resources:
    bench-1:
      location: office1
      attributes: [can]
      description: the only one
      entities:
        dut:
          attributes: [arm64]
          properties: {socket: "127.0.0.1:4567", api_key: SECRET-KEY-1}
"#;

/// Four benches in two offices; what tells them apart is listed with each.
pub const LAB: &str = r#"
pool:
  name: lab
  resources:
    # The only one with two power supplies.
    bench-1:
      location: office1
      attributes: [can, usb]
      entities:
        dut: {attributes: [arm64]}
        supply-left: {attributes: [power, 12v]}
        supply-right: {attributes: [power, 24v]}
    # Has one entity that is power and programmer at once, and no second one of either.
    bench-2:
      location: office1
      attributes: [can]
      entities:
        dut: {attributes: [riscv]}
        tool: {attributes: [power, programmer]}
    # The only one that speaks ethernet.
    bench-3:
      location: office2
      attributes: [can, ethernet]
      entities:
        dut: {attributes: [arm64]}
        programmer: {attributes: [programmer]}
    # Nothing is known about it.
    bench-4:
      location: office2
"#;

/// Four phones and a relay that is wired to two of them.
pub const WIRED_PHONES: &str = r#"
pool:
  name: phones
  stacks: [[phone-1, relay-1], [phone-2, relay-1]]
  resources:
    phone-1:
      location: lab1
      attributes: [phone, lte]
      properties: {platform: android, version: 14, radios: [gsm, lte, nr]}
      entities:
        sim: {attributes: [prepaid], properties: {operator: GTE}}
    phone-2:
      location: lab1
      attributes: [phone, lte]
      properties: {platform: android, version: 15, radios: [gsm, lte]}
      entities:
        sim: {attributes: [prepaid], properties: {operator: PTT}}
    phone-3:
      location: lab2
      attributes: [phone, lte]
      properties: {platform: android, version: 13}
    phone-4:
      location: lab2
      attributes: [phone, lte]
      properties: {platform: ios, version: 18}
    relay-1:
      location: lab1
      attributes: [relay]
      properties: {channels: 2}
"#;

/// Two pools.
pub const TWO_POOLS: &str = r#"
pools:
  - name: boards
    resources:
      board-1: {}
  - name: phones
    resources:
      phone-1: {}
"#;

/// A pool of so many benches without anything: `bench-1` and so on.
#[must_use]
pub fn benches(count: usize) -> String {
    let mut text = String::from("pool:\n  name: lab\n  resources:\n");
    for number in 1..=count {
        text.push_str(&format!("    bench-{number}: {{}}\n"));
    }
    text
}

/// Phones and relays that are wired together, boards, and what tells them apart.
pub const PHONES: &str = r#"
pool:
  name: lab
  stacks:
    - [phone-1, relay-1]
    - [phone-2, relay-2, charger-2]
  resources:
    phone-1:
      location: lab1
      attributes: [phone]
      properties: {platform: android, ram: 8, gsm: {operator: GTE}, circuits: [a, b, c]}
      entities:
        sim-left: {attributes: [prepaid], properties: {pin: "0000"}}
        sim-right: {attributes: [prepaid, esim]}
    phone-2:
      location: lab1
      attributes: [phone]
      properties: {platform: android, ram: 12, gsm: {operator: PTT}, circuits: [a]}
    phone-3:
      location: lab2
      attributes: [phone]
      properties: {platform: ios, ram: 4}
    relay-1: {attributes: [relay]}
    relay-2: {attributes: [relay]}
    charger-2: {}
    board-1: {attributes: [board]}
    board-2: {attributes: [board]}
    board-3: {attributes: [board]}
    board-4: {attributes: [board]}
    board-5: {attributes: [board]}
"#;

/// A pool whose resources are what clients ask for.
pub const LOCK_SERVER: &str = "pool: {name: locks, ephemeral: true}\n";
