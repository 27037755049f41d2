import "./node_modules/react-native/Libraries/Core/setUpGlobals";
import "./node_modules/react-native/Libraries/Core/setUpXHR";
import "./node_modules/react-native/Libraries/Core/setUpNavigator";
import emitter from "./node_modules/react-native/Libraries/EventEmitter/RCTDeviceEventEmitter";

globalThis.emitNative = (event, detail) => emitter.emit(event, detail);
// After the globals, as in an app, whose modules are read once the runtime is set up.
globalThis.auth = require("./auth.js").auth;
