@main struct Tool { static func main() async { print("caisson") } }
