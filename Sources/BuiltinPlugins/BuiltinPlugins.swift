// The list itself is generated from Package.swift: see Sources/RegistryGenerator.
