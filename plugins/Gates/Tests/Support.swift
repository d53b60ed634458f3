import JSONText
import PluginAPI
import TestSupport

@testable import Gates

let registry = StepRegistry([GatesPlugin.self, TestPlugin.self])
