"""An inventory for what allocates machines."""

MACHINES = """
pool:
  name: machines
  resources:
    small:
      attributes: [vm]
      properties: {gpu: 0, ram: 8, os: {name: linux, version: 5}, ip: 10.0.0.1, ssd: false}
    large:
      location: rack1
      attributes: [vm, can]
      properties: {gpu: 2, ram: 64.5, os: {name: linux, version: 6}, ip: 10.0.0.2, ssd: true}
"""
