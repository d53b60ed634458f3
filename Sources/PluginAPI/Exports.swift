// What a plugin author writes with comes with one import.
@_exported public import Catalog
@_exported public import PlanSchema
@_exported public import SQLText
@_exported public import YAMLTree
